using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class NameResolverTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly IPAddress[] One = [IPAddress.Parse("10.0.0.1")];
    private static readonly IPAddress[] Other = [IPAddress.Parse("10.0.0.2")];

    private readonly FakeTimeProvider _time = new();
    private readonly ManualResetEventSlim _silence = new(true);
    private readonly ConcurrentDictionary<string, int> _asked = new();
    private readonly NameResolver _resolver;
    private volatile Func<string, IPAddress[]> _answer = static _ => One;

    public NameResolverTests() => _resolver = new NameResolver(
        host =>
        {
            _asked.AddOrUpdate(host, 1, static (_, times) => times + 1);
            if (host.StartsWith("silent", StringComparison.Ordinal))
            {
                _silence.Wait(Deadline);
            }

            return _answer(host);
        },
        _time);

    public void Dispose() => _silence.Set();

    [TestCase("10.0.0.9")]
    [TestCase("2001:db8::1")]
    public async Task An_address_is_its_own(string address)
    {
        Assert.That(await AskAsync(address), Is.EqualTo(new[] { IPAddress.Parse(address) }));
        Assert.That(await FindAsync(address), Is.EqualTo(new[] { IPAddress.Parse(address) }));
        Assert.That(_asked, Is.Empty);
    }

    /// <summary>A thread that gives up waiting in the moment in which it is woken is not counted on in vain.</summary>
    [Test]
    public async Task No_name_is_lost_where_a_threads_wait_ends_in_the_moment_of_the_next_look()
    {
        var resolver = new NameResolver(static _ => One, new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromMinutes(1) }, TimeSpan.FromMilliseconds(1), static thread => thread.Start());
        var pause = new SpinWait();
        for (var look = 0; look < 3000; look++)
        {
            Assert.That(await resolver.AskAsync("a", CancellationToken.None).WaitAsync(Deadline), Is.EqualTo(One));

            // About as long as a thread waits.
            for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < TimeSpan.FromMicroseconds(900 + (look % 40 * 10));)
            {
                pause.SpinOnce(-1);
            }
        }
    }

    /// <summary>As at the limit of processes of a unit (TasksMax=).</summary>
    [Test]
    [SuppressMessage("Usage", "CA2201:Do not raise reserved exception types", Justification = "What Thread.Start throws.")]
    public async Task A_name_that_no_thread_was_left_for_is_looked_up_when_there_is_one()
    {
        var starts = 0;
        var resolver = new NameResolver(static _ => One, _time, TimeSpan.FromSeconds(10), thread =>
        {
            if (starts++ == 0)
            {
                throw new OutOfMemoryException();
            }

            thread.Start();
        });

        var failure = await Assert.ThrowsAsync<SocketException>(() => resolver.AskAsync("a", CancellationToken.None));
        Assert.That(failure!.SocketErrorCode, Is.EqualTo(SocketError.TryAgain));
        _time.Advance(NameResolver.BadLasts);

        Assert.That(await resolver.AskAsync("a", CancellationToken.None).WaitAsync(Deadline), Is.EqualTo(One));
        Assert.That(await resolver.AskAsync("b", CancellationToken.None).WaitAsync(Deadline), Is.EqualTo(One));
    }

    [TestCase("etcd.test", SocketError.HostNotFound, "the name 'etcd.test' has no address")]
    [TestCase("etcd.test", SocketError.NoData, "the name 'etcd.test' has no address")]
    [TestCase("etcd.test", SocketError.TryAgain, "the name 'etcd.test' cannot be looked up now: the name servers in /etc/resolv.conf fail, or do not answer")]
    [TestCase("etcd.test", SocketError.ConnectionRefused, null)]
    [TestCase("127.0.0.1", SocketError.TryAgain, null, Description = "a queue that is full")]
    public void What_is_wrong_with_a_name_is_told_as_that(string host, SocketError error, string? trouble) =>
        Assert.That(ResolvedConnection.Trouble(host, new SocketException((int)error)), Is.EqualTo(trouble));

    [Test]
    public async Task An_answer_lasts_for_a_second_and_a_failure_for_two()
    {
        await AskAsync("a");
        await AskAsync("A");
        Assert.That(_asked["a"], Is.EqualTo(1));

        _time.Advance(NameResolver.GoodLasts);
        _answer = static _ => throw new SocketException((int)SocketError.TryAgain);
        Assert.That(async () => await AskAsync("a"), Throws.InstanceOf<SocketException>().With.Property("SocketErrorCode").EqualTo(SocketError.TryAgain));
        _time.Advance(NameResolver.GoodLasts);
        Assert.That(async () => await AskAsync("a"), Throws.InstanceOf<SocketException>());
        Assert.That(_asked["a"], Is.EqualTo(2));

        _time.Advance(NameResolver.BadLasts);
        _answer = static _ => Other;
        Assert.That(await AskAsync("a"), Is.EqualTo(Other));
    }

    [Test]
    public async Task Who_connects_gets_the_last_addresses_while_a_name_fails_or_nobody_answers()
    {
        Assert.That(await FindAsync("silent"), Is.EqualTo(One));
        foreach (var failure in (Exception[])[new SocketException((int)SocketError.TryAgain), new SocketException((int)SocketError.HostNotFound), new ArgumentException("too long")])
        {
            _time.Advance(NameResolver.BadLasts);
            _answer = _ => throw failure;
            Assert.That(await FindAsync("silent"), Is.EqualTo(One));
        }

        _time.Advance(NameResolver.BadLasts);
        _silence.Reset();
        Assert.That(await _resolver.FindAsync("silent", TimeSpan.Zero, CancellationToken.None).WaitAsync(Deadline), Is.EqualTo(One));
        _answer = static _ => Other;
        _silence.Set();
        Assert.That(await AskAsync("silent"), Is.EqualTo(Other));
        Assert.That(await FindAsync("silent"), Is.EqualTo(Other));
    }

    [Test]
    public void A_host_without_addresses_is_a_failure_for_everybody()
    {
        _answer = static _ => [];
        Assert.That(async () => await AskAsync("a"), Throws.InstanceOf<SocketException>());
        Assert.That(async () => await FindAsync("a"), Throws.InstanceOf<SocketException>());
    }

    [Test]
    public async Task Hundreds_of_names_that_nobody_answers_for_cost_no_thread_of_the_pool_and_a_bounded_number_of_others()
    {
        _silence.Reset();
        using var given = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, 300).Select(index => _resolver.AskAsync($"silent{index}", given.Token)).ToList();

        // What is asked of the pool runs at once.
        for (var round = 0; round < 100; round++)
        {
            await Task.Run(static () => { }).WaitAsync(TimeSpan.FromSeconds(2));
        }

        Assert.That(_asked, Has.Count.LessThanOrEqualTo(NameResolver.MostThreads));
        await given.CancelAsync();
        foreach (var one in waiting)
        {
            Assert.That(async () => await one.WaitAsync(Deadline), Throws.InstanceOf<OperationCanceledException>(), "nobody has to wait for the name servers");
        }
    }

    [Test]
    public async Task Names_that_fail_again_and_again_do_not_keep_others_waiting()
    {
        _answer = static host => host == "good" ? One : throw new SocketException((int)SocketError.TryAgain);
        string[] bad = [.. Enumerable.Range(0, 100).Select(static index => $"silent{index}")];
        foreach (var name in bad)
        {
            Assert.That(async () => await AskAsync(name), Throws.InstanceOf<SocketException>());
        }

        _time.Advance(NameResolver.BadLasts);
        _silence.Reset();
        var waiting = bad.Select(name => AskAsync(name)).ToList();

        Assert.That(await AskAsync("good"), Is.EqualTo(One));
        Assert.That(_asked.Values.Sum(), Is.LessThanOrEqualTo(bad.Length + NameResolver.MostForDoubtful + 1));
        _silence.Set();
        foreach (var one in waiting)
        {
            Assert.That(async () => await one, Throws.InstanceOf<SocketException>());
        }
    }

    [Test]
    public async Task A_name_that_is_being_looked_up_is_not_looked_up_once_more()
    {
        _silence.Reset();
        var (first, second) = (AskAsync("silent"), AskAsync("silent"));
        _silence.Set();
        Assert.That(await first, Is.EqualTo(await second));
        Assert.That(_asked["silent"], Is.EqualTo(1));
    }

    private Task<IPAddress[]> AskAsync(string host) => _resolver.AskAsync(host, CancellationToken.None).WaitAsync(Deadline);

    private Task<IPAddress[]> FindAsync(string host) => _resolver.FindAsync(host, Deadline, CancellationToken.None).WaitAsync(Deadline);
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using KamailioRpc.Errors;
using KamRpcDispatcher.Push.Guards;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

public class NameLookupTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly ConcurrentQueue<string> _asked = [];
    private Func<string, IPAddress[]> _resolve = null!;
    private Func<string, Task<bool?>> _inKamailio = null!;
    private NameLookup _names = null!;

    [SetUp]
    public void SetUp()
    {
        _asked.Clear();
        _resolve = static _ => [IPAddress.Loopback];
        _inKamailio = static _ => Task.FromResult<bool?>(true);
        _names = new NameLookup(
            name =>
            {
                _asked.Enqueue(name);
                return _resolve(name);
            },
            (name, _) => _inKamailio(name),
            _time);
    }

    [Test]
    public async Task A_good_answer_counts_for_a_second_and_a_bad_one_for_half()
    {
        _resolve = static name => name == "good" ? [IPAddress.Loopback] : throw new SocketException((int)SocketError.TryAgain);

        Assert.That((await FindAsync("good"), await FindAsync("bad")), Is.EqualTo((NameState.Resolves, NameState.Failing)));
        _time.Advance(TimeSpan.FromMilliseconds(600));
        await _names.FindAsync(["good", "bad"], CancellationToken.None);
        Assert.That(_asked, Is.EqualTo(new[] { "good", "bad", "bad" }));
        _time.Advance(TimeSpan.FromMilliseconds(400));
        await FindAsync("good");
        Assert.That(_asked.Count(static name => name == "good"), Is.EqualTo(2));
    }

    [TestCase(SocketError.HostNotFound, nameof(NameState.Missing))]
    [TestCase(SocketError.NoData, nameof(NameState.Missing))]
    [TestCase(SocketError.TryAgain, nameof(NameState.Failing))]
    [TestCase(SocketError.NoRecovery, nameof(NameState.Failing))]
    public async Task A_name_that_is_not_there_is_told_from_name_servers_that_fail(SocketError error, string state)
    {
        _resolve = _ => throw new SocketException((int)error);

        Assert.That((await FindAsync("a")).ToString(), Is.EqualTo(state));
    }

    [Test]
    public async Task Name_servers_that_say_nothing_cost_two_seconds_for_all_names_and_a_bounded_number_of_threads()
    {
        using var answered = new ManualResetEventSlim();
        _resolve = _ =>
        {
            answered.Wait();
            return [IPAddress.Loopback];
        };
        string[] names = [.. Enumerable.Range(0, 100).Select(static number => $"n{number}")];

        var finding = _names.FindAsync(names, CancellationToken.None);
        await UntilAsync(() => _asked.Count == 8);
        Assert.That(finding.IsCompleted, Is.False);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.That((await finding).Values.Select(static answer => answer.State), Is.All.EqualTo(NameState.Failing));

        _time.Advance(TimeSpan.FromSeconds(1));
        finding = _names.FindAsync(names, CancellationToken.None);
        Assert.That(_asked, Has.Count.EqualTo(8), "Those that are being looked up are not looked up once more.");
        answered.Set();
        Assert.That((await finding.WaitAsync(Deadline)).Values.Select(static answer => answer.State), Is.All.EqualTo(NameState.Resolves));
        Assert.That(_asked, Has.Count.EqualTo(100));
    }

    [Test]
    public async Task What_was_found_after_nobody_waited_any_more_is_not_believed_later()
    {
        using var answered = new ManualResetEventSlim();
        _resolve = _ =>
        {
            answered.Wait();
            return [IPAddress.Loopback];
        };
        var finding = _names.FindAsync(["a"], CancellationToken.None);
        await UntilAsync(() => _asked.Count == 1);
        _time.Advance(TimeSpan.FromSeconds(2));
        await finding;
        answered.Set();
        _time.Advance(TimeSpan.FromMinutes(1));
        _resolve = static _ => throw new SocketException((int)SocketError.TryAgain);

        // However late the thread of before comes to an end.
        await UntilAsync(async () =>
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            return await FindAsync("a") == NameState.Failing;
        });
    }

    [Test]
    public async Task Kamailio_has_the_last_word()
    {
        _inKamailio = static name => name switch
        {
            "unknown" => Task.FromResult<bool?>(false),
            "no cache" => Task.FromResult<bool?>(null),
            "slow" => throw new KamailioTimeoutException("dns.lookup", TimeSpan.FromSeconds(1)),
            _ => throw new KamailioGoneException("dns.lookup"),
        };

        Assert.That(
            (await FindAsync("unknown"), await FindAsync("no cache"), await FindAsync("slow"), await FindAsync("gone")),
            Is.EqualTo((NameState.UnknownToKamailio, NameState.Resolves, NameState.UnknownToKamailio, NameState.Resolves)));
    }

    [Test]
    public async Task Who_waits_can_be_called_off()
    {
        using var answered = new ManualResetEventSlim();
        using var stop = new CancellationTokenSource();
        _resolve = _ =>
        {
            answered.Wait();
            return [];
        };
        var finding = _names.FindAsync(["a"], stop.Token);

        await stop.CancelAsync();

        Assert.That(async () => await finding.WaitAsync(Deadline), Throws.InstanceOf<OperationCanceledException>());
        answered.Set();
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var begun = Stopwatch.GetTimestamp(); !await condition(); await Task.Yield())
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Deadline));
        }
    }

    private async Task<NameState> FindAsync(string name) => (await _names.FindAsync([name], CancellationToken.None))[name].State;
}

using System.Collections.Immutable;
using System.Net.Sockets;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Records;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Local;

/// <summary>What a dispatcher without etcd answers, over a real socket.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class WholeQueryTests : IAsyncDisposable
{
    private const int Answers = 3075;
    private const string Source = "file:/m.json";

    private readonly TemporaryFolder _folder = new();
    private readonly LogCapture<StatusSocket> _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _failures = [];
    private readonly List<Task> _running = [];

    private string Place => _folder.File("r");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var running in _running)
        {
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _stop.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task A_cluster_is_read_from_it_as_it_would_be_from_etcd()
    {
        var member = Members.Of("a") with { State = MemberState.Draining, Reason = "work", CreatedRevision = 3 };
        var status = new ProxyStatus(7, DateTimeOffset.UnixEpoch, "5.6.3", 0, ImmutableSortedDictionary<int, SetStatus>.Empty) { WrittenAt = DateTimeOffset.UnixEpoch.AddSeconds(5) };
        await StartAsync("p1", new WholeAnswer("c", "p1", [new MemberSource(Source, DateTimeOffset.UnixEpoch, "gone")])
        {
            Membership = new Membership(7, [member], [new RejectedRecord("x", "wrong", false)]) { Records = 2 },
            Report = status,
        });

        var view = await ReadAsync();

        var read = view.Members.Single().Member;
        Assert.That((read.Key, read.Uri, read.State, read.Reason, read.CreatedRevision), Is.EqualTo((member.Key, member.Uri, member.State, member.Reason, member.CreatedRevision)));
        Assert.That((view.Revision, view.MemberRevision, view.MemberRecords), Is.EqualTo((7, 7, (int?)2)));
        Assert.That(view.Rejected.Single().Reason, Is.EqualTo("wrong"));
        Assert.That(view.Proxies.Single().Status!.Revision, Is.EqualTo(7));
        Assert.That(view.Behind(view.Proxies.Single().Status!), Is.Zero);
        Assert.That(view.Sources.Single(), Is.EqualTo(new MemberSource(Source, DateTimeOffset.UnixEpoch, "gone")));
        Assert.That(_failures, Is.Empty);
    }

    [Test]
    public async Task One_that_has_no_members_yet_says_so()
    {
        await StartAsync("p1", new WholeAnswer("c", "p1", [new MemberSource(Source, null, null)]));

        var view = await ReadAsync();

        Assert.That(view.Members, Is.Empty);
        Assert.That(view.Proxies.Single().Error, Does.Contain("no source has told them"));
    }

    [Test]
    public async Task It_is_for_the_own_user_and_group_and_comes_whole_however_long_it_is()
    {
        Member[] many = [.. Enumerable.Range(0, 20_000).Select(static number => Members.Of($"asterisk-{number}"))];
        await StartAsync("p1", new WholeAnswer("c", "p1", []) { Membership = new Membership(1, many, []) });
        var path = Path.Combine(Place, StatusPlace.WholeNameOf("c", "p1"));
        Assert.That(File.GetUnixFileMode(path), Is.EqualTo((UnixFileMode)0b110_110_000));

        // Somebody who does not read keeps nobody waiting.
        using var lazy = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await lazy.ConnectAsync(new UnixDomainSocketEndPoint(path));

        Assert.That((await ReadAsync()).Members, Has.Count.EqualTo(many.Length));
    }

    [Test]
    public async Task Others_of_the_machine_are_told_apart_by_cluster_and_name()
    {
        await StartAsync("p1", new WholeAnswer("c", "p1", []));
        await StartAsync("p2", new WholeAnswer("c", "p2", []), 2);
        await StartAsync("p1", new WholeAnswer("other", "p1", []), 3, "other");

        Assert.That((await FindAsync()).Select(static one => one.Answer.Proxy).Order(), Is.EqualTo(new[] { "p1", "p2" }));
    }

    [Test]
    public async Task What_a_killed_one_has_left_says_nothing_of_others()
    {
        Directory.CreateDirectory(Place);
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            left.Bind(new UnixDomainSocketEndPoint(Path.Combine(Place, StatusPlace.WholeNameOf("c", "p9"))));
        }

        Assert.That(await FindAsync(), Is.Empty);
        Assert.That(_failures, Is.Empty);
        await Assert.ThrowsAsync<ClusterUnreachableException>(() => new LocalClusterReader(Path.Combine(Place, StatusPlace.WholeNameOf("c", "p9"))).ReadAsync(CancellationToken.None));
    }

    [TestCase("nonsense")]
    [TestCase("{}")]
    [TestCase("""{"cluster":"c","name":"p1","sources":[],"members":[{"set":1,"name":"a b","revision":1,"record":{"uri":"sip:10.0.0.1"}}],"revision":1,"records":1,"rejected":[]}""")]
    public async Task What_cannot_be_understood_is_told(string text)
    {
        await StartAsync("p1", () => System.Text.Encoding.UTF8.GetBytes(text));

        Assert.That(await FindAsync(), Is.Empty);
        Assert.That(_failures.Single(), Does.Contain("cannot be understood"));
    }

    private async Task<ClusterView> ReadAsync() => await new LocalClusterReader((await FindAsync()).Single().Path).ReadAsync(CancellationToken.None);

    private Task<IReadOnlyList<LocalDispatcher>> FindAsync() => WholeQuery.FindAsync([Place], "c", [], _failures, CancellationToken.None);

    private Task StartAsync(string proxy, WholeAnswer answer, int started = 1, string cluster = "c") => StartAsync(proxy, answer.Write, started, cluster);

    private Task StartAsync(string proxy, Func<byte[]> answer, int started = 1, string cluster = "c")
    {
        var socket = new StatusSocket([Place], StatusPlace.WholeNameOf(cluster, proxy), answer, TimeProvider.System, _log, isWhole: true);
        _running.Add(socket.RunAsync(_stop.Token));
        return _log.WaitForAsync(Answers, started);
    }
}

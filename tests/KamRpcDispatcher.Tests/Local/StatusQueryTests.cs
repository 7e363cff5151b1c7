using System.Collections.Immutable;
using System.Net.Sockets;
using System.Text;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Local;

/// <summary>Asking a dispatcher that may be gone, hang, or be somebody else.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class StatusQueryTests : IDisposable
{
    private static readonly DateTimeOffset Then = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private static readonly StatusAnswer Answer = new(
        "c", "p1", new ProxyStatus(5, Then, "5.6", 0, ImmutableSortedDictionary<int, SetStatus>.Empty.Add(1, new SetStatus(2, 2) { Wanted = 2, Serving = 2 })) { Intent = new ProxyIntent(4, true) { By = "ops@host" } }, TimeSpan.FromSeconds(1.5))
    {
        Owed = 2,
        OwedFor = TimeSpan.FromSeconds(12),
        EtcdAwaySince = Then,
        EtcdReason = "no route",
    };

    private readonly TemporaryFolder _folder = new();

    private string SocketPath => _folder.File(StatusPlace.NameOf("c", "p1"));

    public void Dispose() => _folder.Dispose();

    [Test]
    public async Task What_is_answered_is_read_whole()
    {
        var reply = await WhileAnsweringAsync(Answer.Write(), () => AskAsync());

        Assert.That(reply.Failure, Is.Null);
        Assert.That(reply.Answer! with { Report = null }, Is.EqualTo(Answer with { Report = null }));
        Assert.That((reply.Answer!.Report!.Revision, reply.Answer.Report.Sets[1], reply.Answer.Report.Intent), Is.EqualTo((5L, new SetStatus(2, 2) { Wanted = 2, Serving = 2 }, new ProxyIntent(4, true) { By = "ops@host" })));
    }

    [Test]
    public async Task A_dispatcher_that_knows_nothing_yet_says_so()
    {
        var reply = await WhileAnsweringAsync((Answer with { Report = null }).Write(), () => AskAsync());

        Assert.That((reply.Answer!.Report, reply.Answer.Proxy), Is.EqualTo(((ProxyStatus?)null, "p1")));
    }

    [Test]
    public async Task Where_none_runs_that_is_told_with_where_it_was_searched_for() =>
        Assert.That((await AskAsync()).Failure, Does.StartWith("no dispatcher of proxy p1 runs here, or this user may not enter its directory (no status-").And.Contain(_folder.Path));

    [Test]
    public async Task One_that_was_killed_is_told_apart()
    {
        StatusSocketTests.Left(SocketPath);

        Assert.That((await AskAsync()).Failure, Is.EqualTo($"no dispatcher runs: the one that had {SocketPath} was killed"));
    }

    [Test]
    public async Task One_that_hangs_is_not_waited_for_longer_than_is_asked_for()
    {
        using var silent = StatusSocketTests.Listening(SocketPath);

        Assert.That((await AskAsync(TimeSpan.FromMilliseconds(200))).Failure, Is.EqualTo($"the dispatcher does not answer at {SocketPath}: it hangs, or is stopped"));
    }

    [TestCase("", "cannot be understood: the value is not JSON")]
    [TestCase("{\"cluster\":\"c\"}", "cannot be understood: name is missing")]
    [TestCase("[]", "cannot be understood: the answer is JSON, but not an object")]
    [TestCase("{\"cluster\":\"c\",\"name\":\"p1\",\"ageMs\":-1,\"owed\":0,\"owedForMs\":0}", "cannot be understood: ageMs is not a whole number")]
    [TestCase("{\"cluster\":\"c\",\"name\":\"p1\",\"ageMs\":1,\"owed\":0,\"owedForMs\":0,\"report\":{\"revision\":1}}", "cannot be understood: appliedAt is missing")]
    [TestCase("{\"cluster\":\"c\",\"name\":\"p2\",\"ageMs\":1,\"owed\":0,\"owedForMs\":0}", "another proxy answers")]
    public async Task What_is_no_answer_of_it_is_not_believed(string line, string failure)
    {
        var reply = await WhileAnsweringAsync(Encoding.UTF8.GetBytes(line), () => AskAsync());

        Assert.That((reply.Answer, reply.Failure), Is.EqualTo(((StatusAnswer?)null, reply.Failure)));
        Assert.That(reply.Failure, Does.Contain(failure));
    }

    [Test]
    public async Task An_answer_without_end_is_cut()
    {
        var reply = await WhileAnsweringAsync(new byte[2 * StatusAnswer.MostBytes], () => AskAsync());

        Assert.That(reply.Failure, Does.Contain("cannot be understood"));
    }

    [Test]
    public void Where_it_may_be_there_are_no_two_and_the_own_one_is_first() =>
        Assert.That(StatusPlace.Usual("/run/kamrpc").Prepend(StatusPlace.Usual("/own")[0]), Is.Unique.And.SupersetOf(new[] { "/own", "/run/kamrpc" }));

    private Task<StatusReply> AskAsync(TimeSpan? patience = null) => StatusQuery.AskAsync([_folder.File("absent"), _folder.Path], "c", "p1", patience ?? TimeSpan.FromSeconds(30), CancellationToken.None);

    private async Task<StatusReply> WhileAnsweringAsync(byte[] line, Func<Task<StatusReply>> ask)
    {
        using var listening = StatusSocketTests.Listening(SocketPath);
        var answering = Task.Run(async () =>
        {
            using var client = await listening.AcceptAsync();
            try
            {
                await client.SendAsync(line);
            }
            catch (SocketException)
            {
                // Who asked has heard enough.
            }
        });
        var reply = await ask();
        await answering;
        return reply;
    }
}

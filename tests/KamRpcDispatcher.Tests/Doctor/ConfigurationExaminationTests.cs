using KamailioRpc;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>What a dispatcher says of Kamailio's configuration when it has started.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ConfigurationExaminationTests : IAsyncDisposable
{
    private const int Found = 5000;
    private const int NotExamined = 5001;

    private readonly TemporaryFolder _folder = new();
    private readonly LogCapture<ConfigurationExamination> _log = new();
    private FakeKamailio? _kamailio;

    public async ValueTask DisposeAsync()
    {
        await (_kamailio?.DisposeAsync() ?? default);
        _folder.Dispose();
    }

    [TestCase("6.2.0", 0, 0, 1)]
    [TestCase("6.2.0", 5, 1, 2)]
    [TestCase("6.1.5", 5, 0, 2)]
    public async Task What_is_wrong_is_logged_with_the_line_to_change(string version, int reloadDelta, int loadMode, int workers)
    {
        Start(version, reloadDelta, loadMode, workers);

        Assert.That(await ExamineAsync());

        Assert.That(_log.Of(Found).Count(static line => line.StartsWith("kamailio.reload-delta: ", StringComparison.Ordinal)), Is.EqualTo(reloadDelta == 0 ? 0 : 1));
        Assert.That(_log.Of(Found).Any(static line => line.StartsWith("kamailio.load-mode: ds_load_mode is", StringComparison.Ordinal)), Is.EqualTo(reloadDelta != 0));
        Assert.That(_log.Of(Found).Any(static line => line.StartsWith("kamailio.writers: 2 processes", StringComparison.Ordinal) && line.EndsWith("To mend it: modparam(\"jsonrpcs\", \"dgram_workers\", 1)", StringComparison.Ordinal)), Is.EqualTo(workers == 2));
        Assert.That(_log.LevelsOf(Found), Is.All.EqualTo(LogLevel.Error));
        Assert.That(_kamailio!.Requests.Select(static request => request.Method), Has.None.StartsWith("dispatcher."), "its list is not read for that");
    }

    [Test]
    public async Task A_Kamailio_that_does_not_answer_is_no_finding()
    {
        Start("6.2.0", 5, 1, 2);
        _kamailio!.Stop();

        Assert.That(await ExamineAsync(), Is.False);
        Assert.That((_log.Of(Found).Count, _log.Of(NotExamined).Count), Is.EqualTo((0, 1)));
    }

    private void Start(string version, int reloadDelta, int loadMode, int workers)
    {
        _kamailio = FakeKamailio.Start(new FakeKamailioOptions
        {
            Version = version,
            Processes = [new(Environment.ProcessId, "main process - attendant"), .. Enumerable.Range(0, workers).Select(static _ => new FakeProcess(Environment.ProcessId, "JSONRPCS DATAGRAM"))],
        });
        _kamailio.OnRequest = request => request.Method switch
        {
            "core.modules" => Reply(request, """["dispatcher","jsonrpcs"]"""),
            "core.shmmem" => Reply(request, """{"total":268435456,"free":260000000,"used":1,"real_used":1,"max_used":1,"fragments":1}"""),
            "modparam.getn" => Reply(request, request.Params[1].GetString() switch
            {
                "reload_delta" => $$"""{"value":{{reloadDelta}}}""",
                "ds_load_mode" => $$"""{"value":{{loadMode}}}""",
                _ => """{"value":6}""",
            }),
            _ => FakeReaction.Proceed,
        };

        static FakeReaction Reply(FakeRequest request, string result) => FakeReaction.ReplyWith($$"""{"jsonrpc":"2.0","result":{{result}},"id":{{request.Id}}}""");
    }

    private Task<bool> ExamineAsync()
    {
        var options = new RpcClientOptions { ReplyDirectory = _folder.File("replies"), Timeout = TimeSpan.FromMilliseconds(500) };
        return new ConfigurationExamination(KamailioAddress.Parse(_kamailio!.Address), options, TimeProvider.System, _log).RunAsync(CancellationToken.None);
    }
}

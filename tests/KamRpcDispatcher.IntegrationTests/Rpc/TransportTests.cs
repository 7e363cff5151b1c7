using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Rpc;

/// <summary>The same over every transport, against a real Kamailio.</summary>
[Category("Matrix")]
public class TransportTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    private OpenKamailio _kamailio = null!;

    private static IReadOnlyList<string> Transports => OpenKamailio.Transports;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        RealServers.Require("kamailio");
        _kamailio = await OpenKamailio.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await (_kamailio?.DisposeAsync() ?? default);

    [TestCaseSource(nameof(Transports))]
    public async Task Core_commands_have_typed_results(string transport)
    {
        await using var client = _kamailio.Client(transport);

        var version = await client.GetVersionAsync(CancellationToken.None);
        var uptime = await client.GetUptimeAsync(CancellationToken.None);
        var memory = await client.GetSharedMemoryAsync(CancellationToken.None);
        var processes = await client.ListProcessesAsync(CancellationToken.None);
        var modules = await client.ListModulesAsync(CancellationToken.None);

        Assert.Multiple(() =>
        {
            Assert.That(version, Is.EqualTo(new KamailioVersion(KamailioServer.Release!.Major, KamailioServer.Release.Minor)));
            Assert.That(version.IsKnown);
            Assert.That(uptime.UpSince, Does.Match("^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4}$"));
            Assert.That(uptime.Uptime, Is.LessThan(TimeSpan.FromMinutes(30)));
            Assert.That(memory.Total, Is.EqualTo(64 * 1024 * 1024));
            Assert.That(memory.Free + memory.RealUsed, Is.EqualTo(memory.Total));
            Assert.That(processes.Count(static process => process.IsUdpReceiver), Is.EqualTo(2));
            Assert.That(processes.Any(static process => process.IsMain));
            Assert.That(modules, Does.Contain("dispatcher").And.Contain("jsonrpcs"));
        });
    }

    [TestCaseSource(nameof(Transports))]
    public async Task Texts_arrive_whole(string transport)
    {
        await using var client = _kamailio.Client(transport);
        foreach (var text in new[] { "a", "sixchr", "seven c", "eight ch", new string('x', 254), new string('x', 255), new string('y', 3900), "\"\\/;=<>&'\t", "é漢😀" })
        {
            // Two, so that an answer is a list over either protocol.
            var echoed = (await client.InvokeAsync("core.prints", [text, "end"], CancellationToken.None)).ToElement();
            Assert.That(echoed.EnumerateArray().Select(static element => element.GetString()), Is.EqualTo(new[] { text, "end" }));
        }
    }

    [TestCaseSource(nameof(Transports))]
    public async Task Integers_arrive_whole(string transport)
    {
        int[] numbers = [0, 1, -1, 8, 127, 128, 255, 256, 65535, 65536, 16777216, int.MaxValue, int.MinValue];
        await using var client = _kamailio.Client(transport);

        var printed = (await client.InvokeAsync("core.printi", [.. numbers.Cast<object?>()], CancellationToken.None)).ToElement();

        Assert.That(printed.EnumerateArray().Select(static element => element.GetInt32()), Is.EqualTo(numbers));
    }

    [TestCaseSource(nameof(Transports))]
    public async Task A_fault_keeps_code_and_message_and_the_next_call_works(string transport)
    {
        await using var client = _kamailio.Client(transport);

        var fault = await Assert.ThrowsAsync<KamailioFaultException>(() => client.InvokeAsync("dispatcher.set_state", ["?", 1, "sip:10.0.0.1"], CancellationToken.None));
        Assert.Multiple(() =>
        {
            Assert.That(fault!.Code, Is.EqualTo(500));
            Assert.That(fault.FaultMessage, Is.EqualTo("Unknown State Value"));
            Assert.That(fault.IsTransient, Is.False);
            Assert.That(fault.IsUnknownMethod, Is.False);
        });

        var unknown = await Assert.ThrowsAsync<KamailioFaultException>(() => client.InvokeAsync("no.such_method", [], CancellationToken.None));
        Assert.That(unknown!.IsUnknownMethod);
        await client.EchoAsync(CancellationToken.None);
    }

    [TestCaseSource(nameof(Transports))]
    public async Task Destinations_are_added_listed_changed_and_removed(string transport)
    {
        var set = 100 + Transports.ToList().IndexOf(transport);
        await using var client = _kamailio.Client(transport);
        var version = await client.GetVersionAsync(CancellationToken.None);

        await client.AddDestinationAsync(version, set, "sip:127.0.0.1:5071", 8, 7, "duid=é;rweight=30;kamrpc=c", CancellationToken.None);
        var added = await FindAsync(client, set, ListMode.Normal);
        await client.SetDestinationStateAsync(DestinationState.Disabled, isProbed: false, set, "sip:127.0.0.1:5071", CancellationToken.None);
        var full = await FindAsync(client, set, ListMode.Full);
        await client.RemoveDestinationAsync(set, "sip:127.0.0.1:5071", CancellationToken.None);

        var expected = new DispatcherDestination
        {
            Set = set,
            Uri = "sip:127.0.0.1:5071",
            State = DestinationState.Active,
            IsProbed = true,
            Priority = 7,
            Attributes = "duid=é;rweight=30;kamrpc=c",
            Duid = "é",
            RelativeWeight = 30,
        };
        Assert.Multiple(() =>
        {
            Assert.That(added! with { State = DestinationState.Active }, Is.EqualTo(expected), "a ping may have found it dead already");
            Assert.That(full! with { IpAddress = null }, Is.EqualTo(expected with { State = DestinationState.Disabled, IsProbed = false, Host = "127.0.0.1", Port = 5071 }));
        });
        Assert.That(await FindAsync(client, set, ListMode.Brief), Is.Null);
    }

    [TestCaseSource(nameof(Transports))]
    public async Task The_calls_of_the_dialog_module_are_counted(string transport)
    {
        if (_kamailio.Server(transport) == _kamailio.Server("jsonrpc+udp"))
        {
            // The dialog module is loaded in the other Kamailio only.
            await using var without = _kamailio.Client(transport);
            var fault = await Assert.ThrowsAsync<KamailioFaultException>(() => without.GetDialogCountersAsync(CancellationToken.None));
            Assert.That(fault!.IsUnknownMethod);
            return;
        }

        await using var client = _kamailio.Client(transport);
        Assert.That(await client.GetDialogCountersAsync(CancellationToken.None), Is.EqualTo(new DialogCounters(0, 0, 0, 0, 0)));
        Assert.That(await client.GetDialogProfileSizeAsync("calls", null, CancellationToken.None), Is.Zero);
    }

    [TestCaseSource(nameof(Transports))]
    public async Task Many_calls_at_once_have_each_their_own_reply(string transport)
    {
        await using var client = _kamailio.Client(transport, static options => options with { MaxConcurrentCalls = 8 });

        var replies = await Task.WhenAll(Enumerable.Range(0, 200).Select(async number =>
            (await client.InvokeAsync("core.prints", [$"{number}", "end"], CancellationToken.None)).ToElement()[0].GetString()));

        Assert.That(replies, Is.EqualTo(Enumerable.Range(0, 200).Select(static number => $"{number}")));
    }

    [TestCaseSource(nameof(Transports))]
    public async Task A_Kamailio_that_stands_still_is_a_timeout_and_its_late_reply_is_nobodys(string transport)
    {
        await using var client = _kamailio.Client(transport, static options => options with { Timeout = Short });
        await client.EchoAsync(CancellationToken.None);
        _kamailio.Server(transport).Pause();
        try
        {
            var timeout = await Assert.ThrowsAsync<KamailioTimeoutException>(() => client.InvokeAsync("core.prints", ["late", "end"], CancellationToken.None));
            Assert.That(timeout!.IsTransient);
        }
        finally
        {
            _kamailio.Server(transport).Resume();
        }

        await using var patient = _kamailio.Client(transport);
        Assert.That((await patient.InvokeAsync("core.prints", ["next", "end"], CancellationToken.None)).ToElement()[0].GetString(), Is.EqualTo("next"));
        Assert.That((await client.InvokeAsync("core.prints", ["next", "end"], CancellationToken.None)).ToElement()[0].GetString(), Is.EqualTo("next"));
    }

    [TestCaseSource(nameof(Transports))]
    public async Task A_call_is_cancelled_by_its_token(string transport)
    {
        await using var client = _kamailio.Client(transport);
        await client.EchoAsync(CancellationToken.None);
        _kamailio.Server(transport).Pause();
        try
        {
            using var cancellation = new CancellationTokenSource();
            var call = client.EchoAsync(cancellation.Token);
            await cancellation.CancelAsync();

            await Assert.ThatAsync(() => call.WaitAsync(TimeSpan.FromSeconds(4)), Throws.InstanceOf<OperationCanceledException>());
        }
        finally
        {
            _kamailio.Server(transport).Resume();
        }

        await client.EchoAsync(CancellationToken.None);
    }

    [Test]
    public async Task A_certificate_that_nobody_trusts_is_unreachable()
    {
        await using var client = _kamailio.Client("https", static options => options with { CertificateAuthorityFile = null });

        var unreachable = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.EchoAsync(CancellationToken.None));

        Assert.That(unreachable!.Message, Does.Contain("certificate"));
    }

    private static async Task<DispatcherDestination?> FindAsync(RpcClient client, int set, ListMode mode) =>
        (await client.ListDestinationsAsync(mode, CancellationToken.None)).SingleOrDefault(destination => destination.Set == set);
}

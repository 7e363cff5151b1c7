using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Rpc;

/// <summary>A monitor that asks for the list and is slow to read it: the replies to everybody else have no room, and Kamailio drops them.</summary>
[Category("Matrix")]
[Parallelizable]
public class LostReplyTests
{
    /// <summary>Some lists of them fill the send buffer, and on no release is one too long for a reply.</summary>
    private const int Count = 350;

    /// <summary>More than the send buffer takes.</summary>
    private const int Lists = 8;

    /// <summary>What Kamailio logs when it drops a reply.</summary>
    private const string Dropped = "failed to send the response";

    [Test]
    public async Task A_reply_that_Kamailio_drops_because_another_client_does_not_read_is_had_as_soon_as_that_one_reads()
    {
        RealServers.Require("kamailio");
        await using var kamailio = await KamailioServer.StartAsync(KamailioOptions.WithLatePings with
        {
            ListFileLines = [.. Enumerable.Range(0, Count).Select(static index => $"1 sip:192.0.2.{index / 250}:{6000 + (index % 250)} 8 0 duid=a-name-as-long-as-names-are-{index}")],
        });
        using var folder = new TemporaryFolder();
        using var monitor = new DatagramClient(kamailio.SocketPath) { Timeout = Fleet.Deadline };
        await using var client = new RpcClient(
            KamailioAddress.Parse(kamailio.RpcAddress), new RpcClientOptions { ReplyDirectory = folder.File("r"), Timeout = Fleet.Deadline, RepeatAfter = TimeSpan.FromMilliseconds(100) });

        for (var id = 1; id <= Lists; id++)
        {
            await monitor.SendAsync(DatagramClient.Request(id, "dispatcher.list"));
        }

        // One of them is at least the reply to the call: a list was taken before them, and Kamailio answers in turn.
        var call = client.EchoAsync(CancellationToken.None);
        await UntilAsync(kamailio, Lists);
        Assert.That(call.IsCompleted, Is.False);

        // What is full with the last list that was taken is not without one.
        await monitor.ReceiveAsync();

        // It is asked again after twice the time before: at the latest when as much has passed as until now.
        await call;
    }

    private static int CountOf(KamailioServer kamailio) => kamailio.Output.Split('\n').Count(static line => line.Contains(Dropped, StringComparison.Ordinal));

    private static async Task UntilAsync(KamailioServer kamailio, int count)
    {
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        while (CountOf(kamailio) < count)
        {
            await Task.Delay(10, deadline.Token);
        }
    }
}

using System.Net.Sockets;
using System.Text;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>Telling systemd something never ends the work, nor holds it up.</summary>
public class SystemdStateTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [TestCase("/nowhere/notify")]
    [TestCase("@kamrpc-nobody-listens-here")]
    [TestCase("relative")]
    [TestCase("/")]
    [TestCase("")]
    [TestCase(null)]
    public void A_socket_that_cannot_be_reached_ends_nothing(string? address)
    {
        using var state = new SystemdState(NotifySocket.To(address));

        Assert.That(() => Say(state), Throws.Nothing);
    }

    [Test]
    public void An_address_that_is_too_long_is_none() => Assert.That(NotifySocket.To("/" + new string('x', 200)), Is.Null);

    [Test]
    public async Task A_socket_that_nobody_reads_holds_nothing_up_and_is_told_all_when_somebody_does()
    {
        using var folder = new TemporaryFolder();
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(folder.File("notify")));
        var notify = NotifySocket.To(folder.File("notify"))!;
        await Task.Run(() =>
        {
            while (notify.Say("filler"))
            {
            }
        }).WaitAsync(Deadline);
        using var state = new SystemdState(notify);

        await Task.Run(() => Say(state)).WaitAsync(Deadline);

        var told = new List<string>();
        using var patience = new CancellationTokenSource(Deadline);
        var buffer = new byte[1024];
        while (!told.Contains("READY=1") || !told.Contains("STATUS=second"))
        {
            told.Add(Encoding.UTF8.GetString(buffer, 0, await manager.ReceiveAsync(buffer, patience.Token)));
        }

        Assert.That(told, Does.Not.Contain("STATUS=first"), "it is not so any more");
    }

    [Test]
    public async Task While_another_program_is_to_take_its_place_it_is_not_ready_and_ready_again_when_it_goes_on()
    {
        using var folder = new TemporaryFolder();
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(folder.File("notify")));
        using var state = new SystemdState(NotifySocket.To(folder.File("notify")));
        state.Ready();

        state.Reloading();
        state.Status("first");
        state.Reloaded("second");

        var told = new List<string>();
        using var patience = new CancellationTokenSource(Deadline);
        var buffer = new byte[1024];
        while (!told.Contains("STATUS=second"))
        {
            told.Add(Encoding.UTF8.GetString(buffer, 0, await manager.ReceiveAsync(buffer, patience.Token)));
        }

        Assert.That(told[1], Does.Match(@"^RELOADING=1\nMONOTONIC_USEC=[1-9]\d+$"));
        Assert.That(told.Where((_, index) => index != 1), Is.EqualTo(new[] { "READY=1", "STATUS=first", "READY=1", "STATUS=second" }));
    }

    private static void Say(SystemdState state)
    {
        state.Status("first");
        state.Ready();
        state.Status("second");
        state.Stopping();
    }
}

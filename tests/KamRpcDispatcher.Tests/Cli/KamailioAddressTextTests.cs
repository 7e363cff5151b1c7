using System.Diagnostics;
using KamRpcDispatcher.Cli;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

public class KamailioAddressTextTests
{
    [TestCase("/run/kamailio/kamailio_rpc.sock", "jsonrpc+unix:/run/kamailio/kamailio_rpc.sock")]
    [TestCase("/run/edge/any name", "jsonrpc+unix:/run/edge/any name")]
    [TestCase("/run/kamailio/kamailio_rpc.fifo", "jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo")]
    [TestCase("/run/kamailio/kamailio_ctl", "binrpc+unix:/run/kamailio/kamailio_ctl")]
    [TestCase("jsonrpc+tcp://127.0.0.1:5042", "jsonrpc+tcp://127.0.0.1:5042")]
    public void A_path_alone_is_a_sockets(string text, string address)
    {
        Assert.That(KamailioAddressText.TryParse(text, out var parsed, out _), Is.True);
        Assert.That(parsed!.ToString(), Is.EqualTo(address));
    }

    [TestCase("unixs:/run/kamailio/kamailio_ctl", "binrpc+unix:/run/kamailio/kamailio_ctl")]
    [TestCase("unixd:/run/ctl", "binrpc+unixd:/run/ctl")]
    [TestCase("unix:/run/kamailio/kamailio_ctl", "binrpc+unix:/run/kamailio/kamailio_ctl")]
    [TestCase("fifo:/run/k.fifo", "jsonrpc+fifo:/run/k.fifo")]
    [TestCase("udp:127.0.0.1:8090", "jsonrpc+udp://127.0.0.1:8090 or binrpc+udp://127.0.0.1:8090")]
    [TestCase("tcp://127.0.0.1:2046", "jsonrpc+tcp://127.0.0.1:2046 or binrpc+tcp://127.0.0.1:2046")]
    [TestCase("jsonrpc+udp:127.0.0.1:8090", "jsonrpc+udp://127.0.0.1:8090")]
    [TestCase("jsonrpc-unix:/run/k.sock", "jsonrpc+unix:/run/k.sock")]
    [TestCase("htp://127.0.0.1:5060/RPC", "http://127.0.0.1:5060/RPC")]
    [TestCase("localhost:8090", "jsonrpc+udp://localhost:8090 or jsonrpc+tcp://localhost:8090")]
    public void What_is_nearly_an_address_is_told_with_the_address(string text, string meant)
    {
        Assert.That(KamailioAddressText.TryParse(text, out _, out var error), Is.False);
        Assert.That(error, Is.EqualTo($"'{text}' is not an address of Kamailio's RPC; did you mean {meant}?"));
    }

    [Test]
    public void A_path_that_is_not_whole_is_completed()
    {
        Assert.That(KamailioAddressText.TryParse("run/k.sock", out _, out var error), Is.False);
        Assert.That(error, Does.EndWith($"did you mean {Path.GetFullPath("run/k.sock")}?"));
    }

    [TestCase("http://root:secret@127.0.0.1/RPC")]
    [TestCase("htp://root:secret@127.0.0.1/RPC")]
    [TestCase("localhost")]
    [TestCase("")]
    public void What_is_near_to_nothing_or_may_hold_a_password_draws_no_suggestion(string text)
    {
        Assert.That(KamailioAddressText.TryParse(text, out _, out var error), Is.False);
        Assert.That(error, Does.Not.Contain("did you mean"));
        Assert.That(Usage.Masked(error!), Does.Not.Contain("secret"));
    }

    [Test]
    public async Task A_wrong_path_leaves_nothing_beside_it()
    {
        using var folder = new TemporaryFolder();
        using var others = new TemporaryFolder();
        using var process = Process.Start(new ProcessStartInfo("dotnet",
        [
            typeof(ExitCode).Assembly.Location, "dispatch", "--kamailio", folder.File("wrong.sock"), "--etcd", "http://127.0.0.1:1", "--state-dir", others.File("state"), "--reply-dir", others.File("reply"),
        ]) { RedirectStandardError = true })!;
        try
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (await process.StandardError.ReadLineAsync(deadline.Token) is { } line && !line.Contains("http://127.0.0.1:1", StringComparison.Ordinal))
            {
            }

            Assert.That(deadline.IsCancellationRequested, Is.False);
            Assert.That(process.HasExited, Is.False);
            Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Empty);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }
}

using KamailioRpc;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Doctor.Observations.Calls;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Doctor.Observations.Sockets;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>What of the observations is no I/O.</summary>
internal sealed class ObservationTests
{
    [Test]
    public void A_command_line_names_the_configuration_and_defines()
    {
        var line = CommandLine.Read(["kamailio", "-f", "k.cfg", "-DD", "-Y/run/k", "-A", "ONE", "-ATWO=2=3", "-f", "last.cfg"]);

        Assert.That((line.ConfigFile, line.RunDirectory), Is.EqualTo(("last.cfg", "/run/k")));
        Assert.That(line.Defines, Is.EqualTo(new[] { ("ONE", string.Empty), ("TWO", "2=3") }));
        Assert.That(CommandLine.Read([]).ConfigFile, Is.Null);
    }

    [TestCase("kamailio_rpc.sock", "/none/kamailio_rpc.sock", null, 0)]
    [TestCase("/var/k.sock", "/var/k.sock", null, 0)]
    [TestCase("unixd:/var/k.sock", "/var/k.sock", null, 0)]
    [TestCase("udp:127.0.0.1:2049", "udp:127.0.0.1:2049", "127.0.0.1", 2049)]
    [TestCase("tcp:[::1]:2049", "tcp:[::1]:2049", "::1", 2049)]
    [TestCase("udp:*", "udp:*", "*", 0)]
    public void A_socket_is_read_as_parameters_name_it(string value, string name, string? host, int port)
    {
        var socket = SocketFinder.Of(SocketKind.Ctl, value, "/none");
        Assert.That((socket.Name, socket.Host, socket.Port), Is.EqualTo((name, host, port)));
    }

    [Test]
    public void Kamailios_words_for_the_time_are_read()
    {
        var local = new DateTime(2026, 11, 4, 16, 18, 7, DateTimeKind.Local);
        Assert.That(LocalClock.Read("Wed Nov  4 16:18:07 2026", local, local).Try(out var clock, out _), Is.True);
        Assert.That(clock!.Told, Is.EqualTo(new DateTimeOffset(local)));
        Assert.That(LocalClock.Read("soon", local, local).Try(out _, out var trouble), Is.False);
        Assert.That(trouble!.Text, Does.Contain("soon"));
    }

    [Test]
    public void The_rights_of_a_file_are_seen()
    {
        var path = Path.GetTempFileName();
        File.SetUnixFileMode(path, Healthy.Octal("642"));
        try
        {
            var rights = Files.Rights(path)!;
            Assert.That((rights.Octal, rights.IsWritableByOthers), Is.EqualTo(("0642", true)));
            Assert.That(rights.Owner, Does.StartWith(Environment.UserName + ":"));
            Assert.That(Files.Rights(path + ".none"), Is.Null);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void The_holder_of_a_lock_is_seen_without_touching_the_lock()
    {
        using var folder = new TemporaryFolder();
        var address = KamailioAddress.Parse("jsonrpc+unix:" + folder.File("s"));
        Assert.That(Holder(), Is.Empty, "no lock");
        using (var held = new ProxyLock(ProxyLock.PathFor(address), "proxy p1", NullLogger<ProxyLock>.Instance))
        {
            held.Ensure();
            Assert.That(Holder(), Is.EqualTo("proxy p1"));
        }

        Assert.That(Holder(), Is.Empty, "a file that nobody has locked");

        string? Holder() => LockTable.Read(address).Holder.Try(out var holder, out _) ? holder : null;
    }
}

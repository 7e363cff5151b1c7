using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Doctor.Observations.Host;
using KamRpcDispatcher.Doctor.Observations.Sockets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>What procfs says of a Kamailio, whether or not it answers.</summary>
internal sealed class HostObservationTests
{
    [TestCase("000001ffffffffff", 0u, true)]
    [TestCase("0000000000000002", 102u, true)]
    [TestCase("0000000000000000", 0u, false, Description = "root of a container that has given its rights away")]
    [TestCase("00000000a80425fd", 0u, false)]
    public void Whom_no_rights_of_files_hold_up_its_capabilities_tell(string capabilities, uint user, bool mayWrite)
    {
        var credentials = Credentials.Read([$"Uid:\t{user}\t{user}\t{user}\t{user}", "Gid:\t0\t0\t0\t0", $"CapEff:\t{capabilities}"])!;

        Assert.That(credentials.MayWrite(new FileRights("/run/x", 65534, "nobody", UnixFileMode.UserWrite)), Is.EqualTo(mayWrite));
    }

    [Test]
    public void Who_a_process_is_to_files_is_read()
    {
        var user = Credentials.Read(["Name:\tkamailio", "Uid:\t0\t0\t0\t102", "Gid:\t0\t0\t0\t105", "Groups:\t5 7 "])!;

        Assert.That((user.User, string.Join(',', user.Groups)), Is.EqualTo((102u, "105,5,7")));
        Assert.That(Credentials.Read(["Name:\tx"]), Is.Null);
        Assert.That(Credentials.Own.User, Is.EqualTo(Environment.IsPrivilegedProcess ? 0u : Credentials.Of(Environment.ProcessId)!.User));
    }

    [TestCase(1u, "700", true)]
    [TestCase(2u, "700", false)]
    [TestCase(2u, "710", true)]
    [TestCase(1u, "071", false, Description = "the owner has the owner's rights only")]
    [TestCase(3u, "710", false)]
    [TestCase(3u, "701", true)]
    [TestCase(0u, "000", true)]
    public void Who_may_enter_is_known(uint user, string mode, bool may)
    {
        var directory = new FileRights("/d", 1, "a:b", Healthy.Octal(mode)) { Group = 9 };
        Assert.That(new Credentials(user, user == 2 ? [9] : [4]).MayEnter(directory), Is.EqualTo(may));
    }

    [Test]
    public void A_process_is_read_whatever_its_name_is()
    {
        const string Line = "7 (a) b) T 3 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 ";
        var process = ProcessEntry.Read(7, Line + "123400 9 9")!;

        Assert.That((process.Pid, process.Parent, process.IsStopped), Is.EqualTo((7, 3, true)));
        Assert.That(process.Started, Is.GreaterThan(DateTime.UnixEpoch).And.EqualTo(ProcessEntry.Read(7, Line + "123300 9 9")!.Started!.Value.AddSeconds(1)));
        Assert.That(ProcessEntry.Read(7, "7 (a"), Is.Null);
        Assert.That(ProcessEntry.All("no-such-program"), Is.Empty);
    }

    [TestCase("36 35 98:0 /systemd-private-0123456789abcdef0123456789abcdef-kamailio.service-hUx2Qa/tmp /tmp rw - ext4 /dev/a rw", "/tmp/kamrpc", "PrivateTmp of kamailio.service")]
    [TestCase("36 35 98:0 /tmp/systemd-private-0123456789abcdef0123456789abcdef-kamrpc-dispatch@p1.service-hUx2Qa/tmp /tmp rw - ext4 /dev/a rw", "/tmp", "PrivateTmp of kamrpc-dispatch@p1.service")]
    [TestCase("36 35 98:0 /systemd-private-0123456789abcdef0123456789abcdef-kamailio.service-hUx2Qa/tmp /tmp rw - ext4 /dev/a rw", "/run/kamrpc", null)]
    [TestCase("36 35 98:0 / /tmp rw - tmpfs tmpfs rw", "/tmp/kamrpc", null)]
    [TestCase("36", "/tmp", null)]
    public void The_unit_whose_PrivateTmp_it_is_is_known(string line, string directory, string? hider) =>
        Assert.That(MountTable.Of(["22 1 0:1 / / rw - ext4 /dev/a rw", line], directory), Is.EqualTo(hider));

    [TestCase("loadmodule \"jsonrpcs.so\"", "jsonrpc+unix:/r/kamailio_rpc.sock jsonrpc+fifo:/r/kamailio_rpc.fifo")]
    [TestCase("loadmodule \"jsonrpcs.so\" modparam(\"jsonrpcs\", \"transport\", 5) modparam(\"jsonrpcs\", \"dgram_socket\", \"s\")", "jsonrpc+unix:/r/s")]
    [TestCase("loadmodule \"jsonrpcs.so\" modparam(\"jsonrpcs\", \"transport\", 4) modparam(\"jsonrpcs\", \"dgram_socket\", \"udp:127.0.0.1:8090\")", "")]
    [TestCase("loadmodule \"ctl.so\"", "binrpc+unix:/r/kamailio_ctl")]
    [TestCase("loadmodule \"ctl.so\" modparam(\"ctl\", \"binrpc\", \"unixd:/x/c\") modparam(\"ctl\", \"binrpc\", \"unix:/x/d\")", "binrpc+unixd:/x/c binrpc+unix:/x/d")]
    [TestCase("modparam(\"jsonrpcs\", \"dgram_socket\", \"/s\")", "")]
    public void What_a_configuration_opens_is_known(string text, string places)
    {
        var config = new ConfigReader(_ => text, new Defines(new Dictionary<string, string>())).Read("k.cfg");
        Assert.That(string.Join(' ', ListeningPlace.Of(config, CommandLine.Read(["kamailio", "-Y", "/r"])).Select(static place => place.Address)), Is.EqualTo(places));
    }

    [Test]
    public void A_directory_that_is_shut_to_this_user_is_found_and_none_to_root()
    {
        using var folder = new TemporaryFolder();
        var shut = folder.File("shut");
        Directory.CreateDirectory(Path.Combine(shut, "in"));
        File.SetUnixFileMode(shut, UnixFileMode.UserRead);
        try
        {
            Assert.That(Files.Closed(Path.Combine(shut, "in", "socket"))?.Path, Is.EqualTo(Environment.IsPrivilegedProcess ? null : shut));
            Assert.That(Files.Closed(folder.File("none/socket")), Is.Null, "it is not there");
        }
        finally
        {
            File.SetUnixFileMode(shut, Healthy.Octal("700"));
        }
    }
}

using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests;

/// <summary>Where the socket for Kamailio's replies is made unless the operator says it.</summary>
public class RpcClientOptionsTests
{
    [Test]
    public void Systemd_comes_first_and_root_has_a_place_of_his_own()
    {
        Assert.That(RpcClientOptions.DefaultReplyDirectory(static name => name == "RUNTIME_DIRECTORY" ? "/run/kamrpc-b:/run/x" : null, isRoot: true, "root"), Is.EqualTo("/run/kamrpc-b"));
        Assert.That(RpcClientOptions.DefaultReplyDirectory(static _ => null, isRoot: true, "root"), Is.EqualTo("/run/kamrpc"));
    }

    [TestCase("")]
    [TestCase("?")]
    [TestCase("a/b")]
    public void A_user_without_a_name_has_a_directory_of_his_own(string name) =>
        Assert.That(RpcClientOptions.DefaultReplyDirectory(static _ => null, isRoot: false, name), Is.EqualTo($"{Path.GetTempPath()}kamrpc-{Posix.EffectiveUser()}"));

    [TestCase("700", false)]
    [TestCase("711", true)]
    public void A_runtime_directory_that_is_shut_to_Kamailio_is_not_used(string mode, bool isUsed)
    {
        using var folder = new TemporaryFolder();
        File.SetUnixFileMode(folder.Path, (UnixFileMode)Convert.ToInt32(mode, 8));
        Assert.That(
            RpcClientOptions.DefaultReplyDirectory(name => name == "XDG_RUNTIME_DIR" ? folder.Path : null, isRoot: false, "alice"),
            Is.EqualTo(isUsed ? folder.File("kamrpc") : $"{Path.GetTempPath()}kamrpc-alice"));
    }
}

using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Testing;

[NonParallelizable] // Sets an environment variable.
public sealed class KamailioProgramTests
{
    private string? _root;

    [SetUp]
    public void Remember() => _root = Environment.GetEnvironmentVariable(KamailioProgram.RootVariable);

    [TearDown]
    public void Restore() => Environment.SetEnvironmentVariable(KamailioProgram.RootVariable, _root);

    [TestCase(null)]
    [TestCase("")]
    public void Without_a_folder_it_is_the_installed_one(string? root)
    {
        Environment.SetEnvironmentVariable(KamailioProgram.RootVariable, root);
        RealServers.Require("kamailio");

        // By its path: /usr/sbin is not on everybody's.
        var (program, arguments) = KamailioProgram.With("-c", "-f");

        Assert.That(Path.IsPathRooted(program) && File.Exists(program), program);
        Assert.That(Path.GetFileName(program), Is.EqualTo("kamailio"));
        Assert.That(arguments, Is.EqualTo(new[] { "-c", "-f" }));
    }

    [Test]
    public void With_one_it_is_that_of_the_folder()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("usr/sbin"));
        File.WriteAllText(folder.File("usr/sbin/kamailio"), "");
        Environment.SetEnvironmentVariable(KamailioProgram.RootVariable, folder.Path);

        var (program, arguments) = KamailioProgram.With("-c", "-f");

        Assert.That(program, Does.Exist);
        Assert.That(arguments, Is.EqualTo(new[] { folder.Path, "/usr/sbin/kamailio", "-c", "-f" }));
    }

    [Test]
    public void A_folder_without_Kamailio_is_named()
    {
        using var folder = new TemporaryFolder();
        Environment.SetEnvironmentVariable(KamailioProgram.RootVariable, folder.Path);

        Assert.That(() => KamailioProgram.With("-c"), Throws.InstanceOf<FileNotFoundException>().With.Message.StartsWith($"KAMRPC_TEST_KAMAILIO_ROOT is {folder.Path}, which has no Kamailio"));
    }
}

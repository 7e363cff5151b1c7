using KamRpcDispatcher.Cli.Host.Reload;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

public sealed class NewProgramTests
{
    [TestCase("takes over\n0.2.0+abc\n", "0.2.0+abc", true)]
    [TestCase("0.1.0\n", "0.1.0", false)]
    [TestCase("takes over\n0.2.0+abc (native, linux-x64, .NET 10.0.1)\n", "0.2.0+abc", true)]
    public void A_program_says_its_version_and_whether_it_takes_over(string output, string version, bool takesOver) =>
        Assert.That(NewProgram.Read(0, output, ""), Is.EqualTo(new ProgramAnswer(version, takesOver)));

    [TestCase(0, "", "", "it is not kamrpc: asked for its version it says ''")]
    [TestCase(0, "kamailio 6.0.1\n", "", "it is not kamrpc: asked for its version it says 'kamailio 6.0.1'")]
    [TestCase(127, "", "no libssl\n", "asked for its version it ends with 127: no libssl")]
    public void One_that_is_none_is_told(int exitCode, string output, string errors, string trouble) =>
        Assert.That(NewProgram.Read(exitCode, output, errors), Is.EqualTo(new ProgramAnswer(Trouble: trouble)));

    [TestCase("kamrpc announce --ttl 2s", 3, "--version")]
    [TestCase("dotnet kamrpc.dll announce --ttl 2s", 3, "kamrpc.dll --version")]
    [TestCase("dotnet exec --fx-version 10.0.0 /opt/kamrpc.dll announce", 1, "exec --fx-version 10.0.0 /opt/kamrpc.dll --version")]
    public void What_names_the_program_to_NET_comes_first(string line, int own, string expected) =>
        Assert.That(string.Join(' ', OwnProgram.VersionArguments(line.Split(' '), own)), Is.EqualTo(expected));
}

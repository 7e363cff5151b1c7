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

    /// <summary>What programs of every version understand: a line for people, with how it was built say, is none of these.</summary>
    [Test]
    public async Task Asked_by_an_older_one_it_says_that_it_takes_over_and_its_bare_version_and_no_more()
    {
        var (exitCode, output, errors) = await Kamrpc.RunAsync(["--version"], [("KAMRPC_SUCCESSOR", "1")]);

        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        Assert.That(output, Does.Match(@"\Atakes over\n\d+\.\d+[0-9A-Za-z.+-]{0,100}\n\z"));
    }

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

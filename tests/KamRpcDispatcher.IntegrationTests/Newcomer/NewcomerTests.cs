using System.Diagnostics;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Newcomer;

/// <summary>Somebody who has Debian's stock configuration and these documents, and types what they say.</summary>
[Parallelizable]
public sealed class NewcomerTests
{
    private const string ProgramStep = "The program";
    private const string KamailioStep = "Kamailio";
    private const string ServerStep = "Beside each SIP server";

    private static readonly string[] Steps = ["etcd", ProgramStep, KamailioStep, "Beside Kamailio", ServerStep, "Look"];

    /// <summary>The README says what to do with Debian's configuration, and the folder's own README says more of it.</summary>
    [TestCase("README.md", "## Install")]
    [TestCase("kamailio-cfg/README.md", "## Debian's own kamailio.cfg")]
    public Task The_documents_own_commands_end_in_calls_that_are_shared_and_in_nothing_to_complain_of(string kamailioFile, string kamailioHeading) =>
        InstallAsync(kamailioFile, kamailioHeading, debian: null);

    /// <summary>Nothing is there before: etcd, Kamailio and kamrpc come with the README's own lines.</summary>
    [Test]
    [Category("Newcomer")]
    public Task In_a_bare_Debian_the_README_alone_ends_in_calls_that_are_shared() => InstallAsync(
        "README.md",
        "## Install",
        Environment.GetEnvironmentVariable("KAMRPC_TEST_NEWCOMER_ROOT") is { Length: > 0 } folder ? folder : throw new InvalidOperationException("the Debian is not given: tests/run.sh --newcomer does"));

    /// <param name="kamailioFile">Where it stands what to do with Kamailio.</param>
    /// <param name="kamailioHeading">The section of that file.</param>
    /// <param name="debian">A folder with a bare Debian; null for this machine's programs.</param>
    private static async Task InstallAsync(string kamailioFile, string kamailioHeading, string? debian)
    {
        var install = DocumentedBlock.Read("README.md", "## Install");
        Assert.That(install.Select(static block => block.Step).Distinct(), Is.EqualTo(Steps), "the steps of the README, each with commands");
        var kamailio = DocumentedBlock.Read(kamailioFile, kamailioHeading).Where(static block => block.Step is KamailioStep or "").ToList();
        Assert.That(kamailio, Has.Count.EqualTo(1));
        var replacements = new CommandReplacements(isInstalled: debian is null);
        await using var fleet = await NewcomerFleet.StartAsync(debian);
        var begun = Stopwatch.GetTimestamp();

        foreach (var step in Steps)
        {
            var blocks = step == KamailioStep ? kamailio : [.. install.Where(block => block.Step == step)];
            if (step == ProgramStep)
            {
                // "Copy /opt/kamrpc to every machine, and there ..."
                Assert.That(blocks, Has.Count.EqualTo(2));
                await fleet.Kamailio.RunAsync(replacements.Apply(blocks[0]));
                await Task.WhenAll(fleet.Servers.Select(server => server.CopyFromAsync(fleet.Kamailio, "/opt/kamrpc")));
                await Task.WhenAll(fleet.Machines.Select(machine => machine.RunAsync(replacements.Apply(blocks[1]))));
            }
            else if (step == ServerStep)
            {
                foreach (var server in fleet.Servers)
                {
                    await server.RunAsync(replacements.Apply(blocks.Single()));
                }

                // What the README says that the log says then.
                await NewcomerFleet.WaitForLinesAsync(fleet.Kamailio, "/var/log/kamrpc-dispatch.log", "asterisk-. (sip:10.0.0.1.:5060) gets calls: joined", fleet.Servers.Count);
            }
            else
            {
                await TestContext.Out.WriteLineAsync($"{step}:\n{await fleet.Kamailio.RunAsync(replacements.Apply(blocks.Single()))}");
            }
        }

        await fleet.CallAsync("+4930123456", 20);
        await TestContext.Out.WriteLineAsync($"From the first command to the last of 20 calls: {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s");

        Assert.That(fleet.Calls, Is.EqualTo(new[] { 10, 10 }));
        Assert.That((await fleet.Kamailio.RunAsync("cat /var/log/systemctl.log")).Split('\n'), Is.EqualTo(new[] { "restart etcd", "restart kamailio", "enable --now kamrpc-dispatch" }));
        replacements.AssertAllUsed(install);

        await fleet.Kamailio.RunAsync("systemctl stop kamrpc-dispatch");
        Assert.That((await fleet.Kamailio.TryAsync("kamrpc status")).ExitCode, Is.EqualTo(1), "the same command, when nobody keeps it so");
    }
}

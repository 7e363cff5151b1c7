using System.Text.RegularExpressions;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests;

/// <summary>The folders are the stages of a change's path; a stage sees only those it may.</summary>
public partial class ArchitectureTests
{
    private static readonly string Source = Path.Combine(RealServers.RepositoryRoot, "src", "KamRpcDispatcher");

    [TestCase("Linux", new string[0])]
    [TestCase("Destinations", new string[0])]
    [TestCase("Plan", new[] { "Destinations" })]
    [TestCase("Etcd", new[] { "Destinations", "Linux" })]
    [TestCase("Asterisk", new[] { "Destinations", "Linux" })]
    [TestCase("Push", new[] { "Destinations", "Linux", "Plan", "Push.Claim", "Push.Grace" })]
    [TestCase("Push/Claim", new[] { "Destinations", "Linux", "Push", "Push.Grace" })]
    [TestCase("Push/Grace", new string[0])]
    [TestCase("Reconcile", new[] { "Destinations", "Plan", "Etcd", "Push", "Push.Claim", "Push.Grace", "Doctor.Observations" })]
    [TestCase("Probe", new[] { "Destinations", "Linux" })]
    [TestCase("Announce", new[] { "Destinations", "Etcd", "Probe", "Asterisk" })]
    [TestCase("Doctor", new[] { "Etcd", "Doctor.Observations", "Doctor.Checks" })]
    [TestCase("Doctor/Config", new string[0])]
    [TestCase("Doctor/Snippet", new[] { "Linux", "Doctor", "Doctor.Config" })]
    [TestCase("Doctor/Observations", new[] { "Destinations", "Etcd", "Linux", "Push", "Push.Claim", "Push.Grace", "Doctor.Config" })]
    [TestCase("Doctor/Observations/Host", new[] { "Linux", "Push.Grace", "Doctor.Config", "Doctor.Observations" })]
    [TestCase("Doctor/Checks", new[] { "Destinations", "Etcd", "Doctor", "Doctor.Config", "Doctor.Observations" })]
    public void A_stage_sees_only_the_stages_it_may(string folder, string[] allowed)
    {
        var wrong =
            from file in Directory.GetFiles(Path.Combine(Source, folder), "*.cs")
            from Match use in Stage().Matches(File.ReadAllText(file))
            let stage = use.Groups[1].Value
            where stage != folder.Replace('/', '.') && !allowed.Contains(stage)
            select $"{Path.GetFileName(file)} sees {stage}";

        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void The_RPC_library_sees_nothing_of_the_rest() =>
        Assert.That(
            Directory.GetFiles(Path.Combine(RealServers.RepositoryRoot, "src", "KamailioRpc"), "*.cs*", SearchOption.AllDirectories)
                .Where(static file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
                .Where(static file => UseOfTheRest().IsMatch(File.ReadAllText(file))),
            Is.Empty);

    [Test]
    public void Every_folder_is_a_stage() =>
        Assert.That(
            Directory.GetDirectories(Source).Select(Path.GetFileName).Except(["bin", "obj"]),
            Is.EquivalentTo(new[] { "Destinations", "Plan", "Etcd", "Push", "Reconcile", "Probe", "Announce", "Asterisk", "Doctor", "Linux" }));

    // "using KamRpcDispatcher.X;", and names that are qualified in place, from the outermost or from a sister namespace.
    [GeneratedRegex(@"(?:\bKamRpcDispatcher\.|(?<![\w.])(?=(?:Destinations|Plan|Etcd|Reconcile|Push|Probe|Announce|Asterisk|Doctor|Linux)\.[A-Z]))(Destinations|Linux|Plan|Etcd|Reconcile|Probe|Announce|Asterisk|Push\.Claim|Push\.Grace|Push|Doctor\.Config|Doctor\.Snippet|Doctor\.Observations|Doctor\.Checks|Doctor)\b")]
    private static partial Regex Stage();

    // The benchmarks see its internals.
    [GeneratedRegex(@"\bKamRpcDispatcher\b(?!\.Benchmarks)")]
    private static partial Regex UseOfTheRest();
}

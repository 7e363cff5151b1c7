using System.Text.RegularExpressions;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>The table of checks in the reference.</summary>
internal sealed partial class DoctorReferenceTests
{
    private const string Head = "| check | looks at |";

    [Test]
    public void The_table_of_checks_has_every_check_once_and_no_other()
    {
        var lines = File.ReadAllLines(Path.Combine(RealServers.RepositoryRoot, "src", "KamRpcDispatcher.Cli", "README.md"));
        var rows = lines.SkipWhile(static line => line != Head).Skip(2).TakeWhile(static line => line.StartsWith("| ", StringComparison.Ordinal));

        Assert.That(rows.SelectMany(static row => Check().Matches(row.Split('|')[1])).Select(static check => check.Groups[1].Value), Is.EquivalentTo(Checkup.CheckNames));
    }

    [GeneratedRegex("`([a-z.-]+)`")]
    private static partial Regex Check();
}

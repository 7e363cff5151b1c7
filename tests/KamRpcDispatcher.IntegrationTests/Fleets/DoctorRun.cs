using System.Text.Json;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Fleets;

/// <summary>One finding of <c>kamrpc doctor -o json</c>.</summary>
internal sealed record DoctorFinding(string Check, string Severity, string Text, string? Fix, string? Because = null)
{
    /// <summary>Whether it keeps all from being well.</summary>
    public bool IsProblem => Because is null && Severity is not ("ok" or "note");

    public override string ToString() => $"{Severity} {Check}: {Text} | {Fix} | {Because}";
}

/// <summary>Runs <c>kamrpc doctor</c>, and reads what it says.</summary>
internal static class DoctorRun
{
    public static async Task<(int ExitCode, IReadOnlyList<DoctorFinding> Findings)> OfAsync(params string[] options)
    {
        var (exitCode, output, errors) = await Kamrpc.RunAsync(["doctor", .. options.Contains("-o") ? [] : new[] { "-o", "json" }, .. options]);
        Assert.That(errors, Is.Empty);
        return (exitCode, Read(exitCode, output));
    }

    public static IReadOnlyList<DoctorFinding> Read(int exitCode, string output)
    {
        var json = JsonElement.Parse(output);
        DoctorFinding[] findings = [.. json.GetProperty("findings").EnumerateArray().Select(static finding =>
            new DoctorFinding(Text(finding, "check")!, Text(finding, "severity")!, Text(finding, "text")!, Text(finding, "fix"), Text(finding, "because")))];
        Assert.That(json.GetProperty("healthy").GetBoolean(), Is.EqualTo(exitCode == 0), string.Join('\n', findings.AsEnumerable()));
        return findings;
    }

    private static string? Text(JsonElement finding, string name) => finding.GetProperty(name).GetString();
}

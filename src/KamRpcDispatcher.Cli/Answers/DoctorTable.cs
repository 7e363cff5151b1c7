using System.Text;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>The findings for people: problems first, each with the line to change below it, and the verdict last. At most 120 columns.</summary>
internal static class DoctorTable
{
    private const int Widest = 120;
    private const int SeverityWidth = 9;
    private const int LongestText = 4096;

    /// <summary>As many checks that were not made are named; the JSON has all.</summary>
    private const int MostFolded = 2;

    public static string Write(CheckupResult result)
    {
        var text = new StringBuilder();
        IReadOnlyList<Finding> findings = [.. result.Findings.Where(static finding => !finding.IsUnused), .. result.Findings.Where(static finding => finding.IsUnused).Select(AsGroup).Distinct()];
        var nameWidth = result.Findings.Max(static finding => finding.Check.Length) + 2;
        var folded = result.Findings.Where(static finding => finding is { Because: not null, IsIgnored: false }).ToLookup(static finding => finding.Because!, static finding => finding.Check);
        var told = new HashSet<string>(StringComparer.Ordinal);
        foreach (var finding in findings.Where(static finding => finding.Because is null || finding.IsIgnored).OrderByDescending(static finding => finding.IsIgnored ? Severity.Ok : finding.Severity))
        {
            var head = (finding.IsIgnored ? "IGNORED" : Name(finding.Severity)).PadRight(SeverityWidth) + finding.Check.PadRight(nameWidth);
            Append(text, head, finding.IsIgnored ? $"({DoctorJson.Name(finding.Severity)}) {finding.Text}" : finding.Text);
            var margin = new string(' ', head.Length);
            if (finding is { Fix: { } fix, IsIgnored: false })
            {
                Append(text, margin + (finding.Severity == Severity.Note ? "to change it: " : "fix: "), fix);
            }

            if (finding.Severity is not (Severity.Ok or Severity.Note) && told.Add(finding.Check))
            {
                AppendFolded(text, margin, [.. folded[finding.Check].Distinct()]);
            }
        }

        return text.Append(Verdict(result)).Append('\n').ToString();
    }

    /// <summary>What is not used was not looked at by any of its checks: <c>etcd.*</c>.</summary>
    private static Finding AsGroup(Finding unused) => unused with { Check = $"{unused.Check[..unused.Check.IndexOf('.', StringComparison.Ordinal)]}.*", IsIgnored = false };

    /// <summary>What was not checked for the reason above: how many checks, and the first of them.</summary>
    private static void AppendFolded(StringBuilder text, string margin, IReadOnlyCollection<string> checks)
    {
        if (checks.Count > 0)
        {
            var more = checks.Count > MostFolded ? FormattableString.Invariant($" and {checks.Count - MostFolded} more") : string.Empty;
            Append(text, margin, $"not known for that reason: {string.Join(", ", checks.Take(MostFolded))}{more}");
        }
    }

    private static string Verdict(CheckupResult result)
    {
        var counts = result.Findings.Where(static finding => finding.IsProblem).CountBy(static finding => finding.Severity).ToDictionary();
        var ignored = result.Findings.Where(static finding => finding.IsIgnored).Select(static finding => finding.Check).Distinct().ToList();
        var apart = ignored.Count > 0 ? $", apart from what is ignored: {string.Join(", ", ignored)}" : string.Empty;
        IEnumerable<string> parts =
        [
            .. Count(Severity.Error, "error"), .. Count(Severity.Warning, "warning"),
            .. counts.TryGetValue(Severity.Unknown, out var unknown) ? [FormattableString.Invariant($"{unknown} unknown")] : Array.Empty<string>(),
        ];
        return result.IsHealthy ? $"All is well{(apart.Length > 0 ? apart : ".")}" : $"NOT WELL: {string.Join(", ", parts)}{apart}";

        IEnumerable<string> Count(Severity severity, string what) => counts.TryGetValue(severity, out var count) ? [Ages.Count(count, what)] : [];
    }

    private static string Name(Severity severity) => severity switch
    {
        Severity.Error => "ERROR",
        Severity.Warning => "WARNING",
        Severity.Unknown => "UNKNOWN",
        Severity.Note => "NOTE",
        _ => "OK",
    };

    /// <summary>Appends a text behind a head, broken at spaces, its further lines below its first. What comes from others is made safe to print.</summary>
    private static void Append(StringBuilder text, string head, string what)
    {
        var column = head.Length;
        var isFirst = true;
        text.Append(head);
        foreach (var word in SafeText.Shorten(what, LongestText).Split(' '))
        {
            if (!isFirst && column + 1 + word.Length > Widest)
            {
                text.Append('\n').Append(' ', head.Length);
                (column, isFirst) = (head.Length, true);
            }

            text.Append(isFirst ? string.Empty : " ").Append(word);
            column += word.Length + (isFirst ? 0 : 1);
            isFirst = false;
        }

        text.Append('\n');
    }
}

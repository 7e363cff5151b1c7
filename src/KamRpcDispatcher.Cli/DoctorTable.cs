using System.Text;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor;

namespace KamRpcDispatcher.Cli;

/// <summary>The findings for people: problems first, each with the line to change below it, and the verdict last. At most 120 columns.</summary>
internal static class DoctorTable
{
    private const int Widest = 120;
    private const int SeverityWidth = 9;
    private const int LongestText = 4096;

    public static string Write(CheckupResult result)
    {
        var text = new StringBuilder();
        var nameWidth = result.Findings.Max(static finding => finding.Check.Length) + 2;
        foreach (var finding in result.Findings.OrderByDescending(static finding => finding.Severity))
        {
            var head = Name(finding.Severity).PadRight(SeverityWidth) + finding.Check.PadRight(nameWidth);
            Append(text, head, finding.Text);
            if (finding.Fix is { } fix)
            {
                Append(text, new string(' ', head.Length) + (finding.Severity == Severity.Note ? "to shut it: " : "fix: "), fix);
            }
        }

        return text.Append(Verdict(result)).Append('\n').ToString();
    }

    private static string Verdict(CheckupResult result)
    {
        var counts = result.Findings.CountBy(static finding => finding.Severity).ToDictionary();
        IEnumerable<string> parts =
        [
            .. Count(Severity.Error, "error"), .. Count(Severity.Warning, "warning"),
            .. counts.TryGetValue(Severity.Unknown, out var unknown) ? [FormattableString.Invariant($"{unknown} unknown")] : Array.Empty<string>(),
        ];
        return result.IsHealthy ? "All is well." : $"NOT WELL: {string.Join(", ", parts)}";

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
        foreach (var word in MemberRules.Shorten(what, LongestText).Split(' '))
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

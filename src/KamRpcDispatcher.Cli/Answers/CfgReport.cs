using System.Text;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Snippet;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>What <c>kamrpc cfg</c> found or did, for people (as compilers write it, so that editors find the line) and for programs.</summary>
internal static class CfgReport
{
    private const string UsualFolder = "/etc/kamailio";
    private const int Longest = 4096;

    public static string ToText(SnippetReport report)
    {
        var text = new StringBuilder();
        foreach (var finding in report.Findings.OrderByDescending(static finding => finding.Severity))
        {
            text.Append($"{Safe(finding.Place)}: {Name(finding.Severity)}: {Safe(finding.Text)} [{finding.Check}]\n    {(finding.Severity == Severity.Note ? "where that is not meant" : "fix")}: {Safe(finding.Fix)}\n");
        }

        var found = report.Findings.Count(static finding => finding.Severity is not (Severity.Ok or Severity.Note));
        return text.Append(report.IsFine
            ? $"Fine: the snippet is at {Safe(report.Snippet!)}, and called at {Safe(string.Join(", ", report.Calls))}.\n"
            : $"NOT FINE: {Ages.Count(found, "finding")} in {Safe(report.Config)}\n").ToString();
    }

    public static string ToText(IReadOnlyList<InstalledFile> files, string folder)
    {
        var text = new StringBuilder();
        foreach (var file in files)
        {
            text.Append(file.Outcome switch
            {
                Installation.Written => $"wrote {file.Path}\n",
                Installation.Same => $"{file.Path} is there already\n",
                Installation.Replaced => $"replaced {file.Path}, kept as {file.Copy}\n",
                Installation.Kept => $"left {file.Path} as it is: what destinations it names is yours to say\n",
                _ => string.Empty,
            });
        }

        return text.Append(folder == UsualFolder ? string.Empty : $"above the include: #!define KAMRPC_LIST_FILE \"{Path.Combine(folder, SnippetFiles.ListName)}\"\n").ToString();
    }

    /// <summary>Every field is always there; later versions only add fields and checks.</summary>
    public static string ToJson(SnippetReport report) => JsonText.Write(writer =>
    {
        writer.WriteString("config", report.Config);
        writer.WriteBoolean("fine", report.IsFine);
        writer.WriteString("snippet", report.Snippet);
        writer.WriteStartArray("calls");
        foreach (var call in report.Calls)
        {
            writer.WriteStringValue(call);
        }

        writer.WriteEndArray();
        JsonText.WriteArray(writer, "findings", report.Findings, static (json, finding) =>
        {
            json.WriteString("check", finding.Check);
            json.WriteString("severity", Name(finding.Severity));
            json.WriteString("place", finding.Place);
            json.WriteString("text", finding.Text);
            json.WriteString("fix", finding.Fix);
        });
    });

    public static string ToJson(IReadOnlyList<InstalledFile> files) => JsonText.Write(writer => JsonText.WriteArray(writer, "files", files, static (json, file) =>
    {
        json.WriteString("path", file.Path);
        json.WriteString("result", file.Outcome switch
        {
            Installation.Written => "written",
            Installation.Same => "same",
            Installation.Replaced => "replaced",
            Installation.Kept => "kept",
            _ => "refused",
        });
        json.WriteString("copy", file.Copy);
    }));

    private static string Name(Severity severity) => severity switch
    {
        Severity.Error => "error",
        Severity.Warning => "warning",
        Severity.Unknown => "unknown",
        Severity.Note => "note",
        _ => "ok",
    };

    /// <summary>A config may hold anything.</summary>
    private static string Safe(string text) => SafeText.Shorten(text, Longest);
}

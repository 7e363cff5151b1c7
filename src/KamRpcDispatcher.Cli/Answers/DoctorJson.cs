using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Doctor;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>The findings for programs. Every field is always there, null where there is nothing to say; later versions only add fields.</summary>
internal static class DoctorJson
{
    public static string Write(CheckupResult result) => JsonText.Write(writer =>
    {
        writer.WriteString("kamailio", result.Kamailio?.ToString());
        writer.WriteBoolean("healthy", result.IsHealthy);
        JsonText.WriteArray(writer, "findings", result.Findings, static (json, finding) =>
        {
            json.WriteString("check", finding.Check);
            json.WriteString("severity", Name(finding.Severity));
            json.WriteString("text", finding.Text);
            json.WriteString("fix", finding.Fix);
            json.WriteString("because", finding.Because);
            json.WriteBoolean("ignored", finding.IsIgnored);
        });
    });

    public static string Name(Severity severity) => severity switch
    {
        Severity.Error => "error",
        Severity.Warning => "warning",
        Severity.Unknown => "unknown",
        Severity.Note => "note",
        _ => "ok",
    };
}

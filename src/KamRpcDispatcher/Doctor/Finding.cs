namespace KamRpcDispatcher.Doctor;

/// <summary>What one check says. Every check says something, also when all is well.</summary>
/// <param name="Check">The check's name, the same in every release: <c>kamailio.reload-delta</c>.</param>
/// <param name="Severity">What it means.</param>
/// <param name="Text">What was seen.</param>
/// <param name="Fix">The line to change, as it has to be; null where there is nothing to do.</param>
public sealed record Finding(string Check, Severity Severity, string Text, string? Fix)
{
    internal static Finding Ok(string check, string text) => new(check, Severity.Ok, text, null);

    internal static Finding Note(string check, string text, string fix) => new(check, Severity.Note, text, fix);

    internal static Finding Unknown(string check, string text, string? fix = null) => new(check, Severity.Unknown, text, fix);

    internal static Finding Warning(string check, string text, string fix) => new(check, Severity.Warning, text, fix);

    internal static Finding Error(string check, string text, string fix) => new(check, Severity.Error, text, fix);
}

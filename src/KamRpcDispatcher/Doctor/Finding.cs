using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor;

/// <summary>What one check says. Every check says something, also when all is well.</summary>
/// <param name="Check">The check's name, the same in every release: <c>kamailio.reload-delta</c>.</param>
/// <param name="Severity">What it means.</param>
/// <param name="Text">What was seen.</param>
/// <param name="Fix">The line to change, as it has to be; null where there is nothing to do.</param>
public sealed record Finding(string Check, Severity Severity, string Text, string? Fix)
{
    /// <summary>The check that tells why this one could not be made; null where it was made, or has a reason of its own.</summary>
    public string? Because { get; init; }

    /// <summary>Whether an operator does not want to know: it is shown, and counts for nothing.</summary>
    public bool IsIgnored { get; init; }

    /// <summary>Whether what it would look at is not used here, so that nothing was looked at.</summary>
    public bool IsUnused { get; init; }

    /// <summary>Whether it keeps all from being well. What follows from another finding is no second one.</summary>
    public bool IsProblem => !IsIgnored && Because is null && Severity is not (Severity.Ok or Severity.Note);

    internal static Finding Ok(string check, string text) => new(check, Severity.Ok, text, null);

    internal static Finding Note(string check, string text, string? fix = null) => new(check, Severity.Note, text, fix);

    internal static Finding Unused(string check, string text) => new(check, Severity.Note, text, null) { IsUnused = true };

    internal static Finding Unknown(string check, Trouble trouble, string? fix = null) =>
        new(check, Severity.Unknown, trouble.Text, trouble.Because is null ? fix : null) { Because = trouble.Because };

    internal static Finding Warning(string check, string text, string fix) => new(check, Severity.Warning, text, fix);

    internal static Finding Error(string check, string text, string fix) => new(check, Severity.Error, text, fix);
}

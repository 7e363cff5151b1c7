namespace KamRpcDispatcher.Doctor.Snippet;

/// <summary>What is not as it should be in a config that is to use the snippet.</summary>
/// <param name="Check">What was checked, the same in every release: <c>place</c>.</param>
/// <param name="Severity">What it means.</param>
/// <param name="Place">Where: <c>/etc/kamailio/kamailio.cfg:12</c>, or a file.</param>
/// <param name="Text">What is wrong, and what comes of it.</param>
/// <param name="Fix">What to do.</param>
public sealed record SnippetFinding(string Check, Severity Severity, string Place, string Text, string Fix);

/// <summary>What was found of a config.</summary>
/// <param name="Config">The config's path.</param>
/// <param name="Snippet">Where the snippet is included, or pasted; null when it is not in force.</param>
/// <param name="Calls">Where the config calls it.</param>
/// <param name="Findings">What is not as it should be, in the order of the checks.</param>
public sealed record SnippetReport(string Config, string? Snippet, IReadOnlyList<string> Calls, IReadOnlyList<SnippetFinding> Findings)
{
    /// <summary>Whether Kamailio can be started with it: a note is no fault.</summary>
    public bool IsFine => Findings.All(static finding => finding.Severity is Severity.Ok or Severity.Note);
}

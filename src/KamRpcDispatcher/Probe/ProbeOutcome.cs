using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Probe;

/// <summary>One look at a server.</summary>
/// <param name="Verdict">What it came to.</param>
/// <param name="Reason">Why: one line of printable ASCII, at most <see cref="MemberRules.MaxReasonLength"/> characters.</param>
public sealed record ProbeOutcome(ProbeVerdict Verdict, string Reason)
{
    internal static ProbeOutcome Alive(string reason) => new(ProbeVerdict.Alive, Line(reason));

    internal static ProbeOutcome Leaving(string reason) => new(ProbeVerdict.Leaving, Line(reason));

    internal static ProbeOutcome Dead(string reason) => new(ProbeVerdict.Dead, Line(reason));

    /// <summary>What a probe that failed says of the server: nothing, when it failed for want of something on this side.</summary>
    internal static ProbeOutcome Of(Exception exception) =>
        FailureText.IsOfThisSide(exception) ? Unknown(FailureText.Of(exception)) : Dead(FailureText.Of(exception));

    internal static ProbeOutcome Unknown(string reason) => new(ProbeVerdict.Unknown, Line(reason));

    private static string Line(string text)
    {
        // A character that is not printable becomes six.
        var safe = MemberRules.Shorten(text, MemberRules.MaxReasonLength);
        return safe.Length <= MemberRules.MaxReasonLength ? safe : safe[..(MemberRules.MaxReasonLength - 3)] + "...";
    }
}

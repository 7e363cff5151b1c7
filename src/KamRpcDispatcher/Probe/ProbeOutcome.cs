using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Probe;

/// <summary>One probe of a server.</summary>
/// <param name="Verdict">What it came to.</param>
/// <param name="Reason">Why: one line of printable ASCII, at most <see cref="MemberValidation.MaxReasonLength"/> characters.</param>
public sealed record ProbeOutcome(ProbeVerdict Verdict, string Reason)
{
    /// <summary>What the server was like; one that does not count as dead answers.</summary>
    internal DeathSign Sign { get; init; } = DeathSign.Answer;

    /// <summary>Two that say the same are equal.</summary>
    public bool Equals(ProbeOutcome? other) => other is not null && (Verdict, Reason) == (other.Verdict, other.Reason);

    public override int GetHashCode() => HashCode.Combine(Verdict, Reason);

    internal static ProbeOutcome Alive(string reason) => new(ProbeVerdict.Alive, Line(reason));

    internal static ProbeOutcome Leaving(string reason) => new(ProbeVerdict.Leaving, Line(reason));

    internal static ProbeOutcome Dead(string reason, DeathSign sign = DeathSign.Silence) => new(ProbeVerdict.Dead, Line(reason)) { Sign = sign };

    /// <summary>What a probe that failed says of the server: nothing, when it failed for want of something on this side.</summary>
    internal static ProbeOutcome Of(Exception exception) =>
        FailureText.IsOfThisSide(exception) ? Unknown(FailureText.Of(exception)) : Dead(FailureText.Of(exception), FailureText.IsRefusal(exception) ? DeathSign.NobodyThere : DeathSign.Silence);

    internal static ProbeOutcome Unknown(string reason) => new(ProbeVerdict.Unknown, Line(reason));

    private static string Line(string text)
    {
        // A character that is not printable becomes six.
        var safe = SafeText.Shorten(text, MemberValidation.MaxReasonLength);
        return safe.Length <= MemberValidation.MaxReasonLength ? safe : safe[..(MemberValidation.MaxReasonLength - 3)] + "...";
    }
}

/// <summary>What a server was like at a probe, in the order in which its calls are worth waiting for.</summary>
internal enum DeathSign
{
    /// <summary>Nobody listens at its port.</summary>
    NobodyThere,

    /// <summary>It said nothing that could be understood, or the operator's own command finds it dead.</summary>
    Silence,

    /// <summary>It answers, as it should or not.</summary>
    Answer,
}

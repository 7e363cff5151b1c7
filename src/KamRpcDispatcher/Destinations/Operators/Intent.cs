namespace KamRpcDispatcher.Destinations.Operators;

/// <summary>What an operator wishes of one member, whatever its announcer says, or of one proxy. It outlasts both.</summary>
/// <param name="Key">The member; of a proxy's it says nothing.</param>
public sealed record Intent(MemberKey Key)
{
    /// <summary>How the reason of a drain begins that a rolling restart has written, and takes back by itself.</summary>
    public const string RollingMark = "kamrpc rollout rolling ";

    /// <summary>Whether it gets no new calls until the wish is taken back.</summary>
    public bool IsDrained { get; init; }

    /// <summary>In place of the weight that is announced, 1 to 100; null for that one.</summary>
    public int? Weight { get; init; }

    /// <summary>Who wishes it, such as <c>user@host</c>; empty where the record does not say.</summary>
    public string By { get; init; } = string.Empty;

    /// <summary>Since when; null where the record does not say.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Why, in the operator's words.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether a rolling restart takes the drain back by itself.</summary>
    public bool IsOfRolling => IsDrained && Reason?.StartsWith(RollingMark, StringComparison.Ordinal) == true;

    /// <summary>Who has declared it in a file; null where somebody wishes it by hand.</summary>
    public string? Owner { get; init; }

    /// <summary>Whose the weight is, where somebody else has drained the member since; null where it is of who wishes the rest, and where nobody knows it.</summary>
    public WeightOrigin? Weighed { get; init; }

    /// <summary>What is wished beside a drain that somebody else gave since: its weight, with who gave that, when and why; all of it where nobody else has.</summary>
    public Intent OfWeight() => Weighed is null ? this : Resumed(string.Empty, null, null);

    /// <summary>The same, drained by somebody by hand: whose the weight is stays known.</summary>
    public Intent Drained(string by, DateTimeOffset? at, string? reason) => this with { IsDrained = true, By = by, At = at, Reason = reason, Owner = null, Weighed = Weight is null ? null : OriginOfWeight };

    /// <summary>The same without the drain: its weight is whose it was before that, and of who takes the drain back where nobody knows it.</summary>
    public Intent Resumed(string by, DateTimeOffset? at, string? reason) => Weighed is { } weighed
        ? this with { IsDrained = false, By = weighed.By, At = weighed.At, Reason = weighed.Reason, Owner = weighed.Owner, Weighed = null }
        : this with { IsDrained = false, By = by, At = at, Reason = reason, Owner = null };

    /// <summary>Of a drain and a weight that one wished together the weight is nobody's by itself.</summary>
    private WeightOrigin? OriginOfWeight => Weighed ?? (!IsDrained || (IsOfRolling && Owner is not null) ? new WeightOrigin(By, At, Reason, Owner) : null);

    /// <summary>The store's revision that created its key, which is no part of its record; 0 where that is not known.</summary>
    public long CreatedRevision { get; init; }
}

/// <summary>Who gave a weight.</summary>
/// <param name="By">Who, such as <c>user@host</c>; empty where the record does not say.</param>
/// <param name="At">Since when; null where the record does not say.</param>
/// <param name="Reason">Why, in the operator's words.</param>
/// <param name="Owner">Who has declared it in a file; null where somebody wishes it by hand.</param>
public sealed record WeightOrigin(string By, DateTimeOffset? At, string? Reason, string? Owner);

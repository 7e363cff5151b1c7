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

    /// <summary>The store's revision that created its key, which is no part of its record; 0 where that is not known.</summary>
    public long CreatedRevision { get; init; }
}

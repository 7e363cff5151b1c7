namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>When a set is protected against mass expiry.</summary>
public sealed record PanicOptions
{
    /// <summary>The part of a set, in percent, that mass expiry cannot take away; 0 protects nothing.</summary>
    public int Threshold { get; init; } = 50;

    /// <summary>The time within which expiries count as one event: a lease's time to live and more.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long expired members are kept in the set, if nobody decides before.</summary>
    public TimeSpan Hold { get; init; } = TimeSpan.FromMinutes(10);
}

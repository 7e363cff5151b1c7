namespace KamRpcDispatcher.Announce.Idle;

/// <summary>Tells whether the SIP server still has calls.</summary>
public interface IIdleCheck
{
    /// <summary>Whether it counts calls, and says so when it cannot: else what it says of a server that is down may be that nobody is there to ask.</summary>
    bool Counts { get; }

    /// <summary>Checks once; throws for nothing but the caller's cancellation.</summary>
    Task<Idleness> CheckAsync(CancellationToken cancellationToken);
}

namespace KamRpcDispatcher.Announce;

/// <summary>Tells whether the SIP server still has calls.</summary>
public interface IIdleCheck
{
    /// <summary>Looks once; throws for nothing but the caller's cancellation.</summary>
    Task<Idleness> CheckAsync(CancellationToken cancellationToken);
}

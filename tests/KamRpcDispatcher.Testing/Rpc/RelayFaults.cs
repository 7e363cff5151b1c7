namespace KamRpcDispatcher.Testing;

/// <summary>What an <see cref="RpcRelay"/> does to the datagrams that pass. Shares are from 0 to 1.</summary>
/// <param name="LoseRequest">Share of the requests that never arrive.</param>
/// <param name="LoseReply">Share of the replies that never arrive: what was asked for has been done all the same.</param>
/// <param name="Delay">Share of the datagrams that are held up, with all that come after them.</param>
/// <param name="LongestDelay">For how long at most.</param>
public sealed record RelayFaults(double LoseRequest, double LoseReply, double Delay, TimeSpan LongestDelay)
{
    public static RelayFaults None { get; } = new(0, 0, 0, TimeSpan.Zero);
}

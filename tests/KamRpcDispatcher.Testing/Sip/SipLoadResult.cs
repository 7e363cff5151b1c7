namespace KamRpcDispatcher.Testing;

/// <summary>How a load of calls went.</summary>
/// <param name="Successful">Calls that were set up, held and ended.</param>
/// <param name="Failed">All others.</param>
/// <param name="Refusals">How many of the failed ones got which response in place of the one that was due; the rest got none.</param>
/// <param name="Retransmissions">Requests that were sent again for want of an answer: above 0 something was lost or late.</param>
public sealed record SipLoadResult(int Successful, int Failed, IReadOnlyDictionary<int, int> Refusals, int Retransmissions)
{
    /// <summary>The beginning of what SIPp logged of the failed ones.</summary>
    public string Errors { get; init; } = "";

    public override string ToString() =>
        $"{Successful} successful, {Failed} failed ({string.Join(", ", Refusals.Select(refusal => $"{refusal.Value} with {refusal.Key}"))}), {Retransmissions} retransmissions";
}

namespace KamailioRpc.Errors;

/// <summary>No reply came in time. Whether the request was carried out is unknown; only Kamailio's state can tell.</summary>
/// <param name="method">What was called.</param>
/// <param name="timeout">How long it was waited.</param>
/// <param name="doubt">What may keep replies from coming, and what helps; null for nothing known.</param>
public sealed class KamailioTimeoutException(string method, TimeSpan timeout, string? doubt = null)
    : KamailioRpcException($"{method}: no reply from Kamailio within {DurationText.Of(timeout)}{(doubt is null ? null : "; " + doubt)}", null)
{
    /// <inheritdoc/>
    public override bool IsTransient => true;
}

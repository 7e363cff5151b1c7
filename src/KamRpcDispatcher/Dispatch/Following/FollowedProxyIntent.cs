using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources.Operators;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Following;

/// <summary>What operators wish of this proxy itself, by what has been read of that, with a line in the log when it changes. One caller at a time.</summary>
/// <param name="known">What operators wish as it is known now: read from the store, else as it was saved; null for nothing.</param>
/// <param name="proxy">The proxy's name.</param>
/// <param name="logger">Where to log.</param>
internal sealed partial class FollowedProxyIntent(Func<OperatorIntents?> known, string proxy, ILogger<FollowedProxyIntent> logger)
{
    private bool _isDrained;

    /// <summary>What is wished now. Where the store does not let it be read any more, what was known last stays in force.</summary>
    public ProxyIntent Read()
    {
        var intents = known();
        var drain = intents?.ByProxy.GetValueOrDefault(proxy) is { IsDrained: true } intent ? intent : null;
        Tell(drain);
        return new ProxyIntent(intents is { IsFollowed: true } ? intents.Revision : 0, drain is not null)
        {
            By = drain is { By.Length: > 0 } ? drain.By : null,
            At = drain?.At,
            Reason = drain?.Reason,
        };
    }

    private void Tell(Intent? drain)
    {
        if (drain is not null == _isDrained)
        {
            return;
        }

        _isDrained = drain is not null;
        if (drain is null)
        {
            Resumed(logger, proxy);
            return;
        }

        var by = drain.By.Length > 0 ? SafeText.Shorten(drain.By, MemberValidation.MaxReasonLength) : "an operator";
        Drained(logger, proxy, by + (string.IsNullOrEmpty(drain.Reason) ? string.Empty : $": {SafeText.Shorten(drain.Reason, MemberValidation.MaxReasonLength)}"));
    }

    [LoggerMessage(3070, LogLevel.Warning, "Proxy {Proxy} is drained by {By}: 'kamrpc health' fails here, so that whoever goes by it takes the calls elsewhere. Calls that come are routed as before; 'kamrpc proxy resume {Proxy}' takes it back, with --force where it is somebody else's")]
    private static partial void Drained(ILogger logger, string proxy, string by);

    [LoggerMessage(3071, LogLevel.Information, "No operator drains proxy {Proxy} any more: 'kamrpc health' goes by Kamailio alone again")]
    private static partial void Resumed(ILogger logger, string proxy);
}

using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Shares;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>Log messages of shares, with the event ids 3100 to 3119.</summary>
internal static partial class ShareLog
{
    [LoggerMessage(3100, LogLevel.Information, "Set {Set}: calls are shared anew: {Shares}")]
    public static partial void Shared(ILogger logger, int set, string shares);

    [LoggerMessage(3101, LogLevel.Information, "Set {Set}: calls are not shared any more, but evenly in the set")]
    public static partial void Ended(ILogger logger, int set);

    [LoggerMessage(3102, LogLevel.Warning, "Set {Set}: Kamailio has another share map than the one that was written to it; trying on. Does somebody else write to its htable kamrpc_shares?")]
    public static partial void NotTaken(ILogger logger, int set);

    [LoggerMessage(3103, LogLevel.Information, "Set {Set}: {Name} starts slowly: with a tenth of its share, and with all of it after {Duration}")]
    public static partial void Starts(ILogger logger, int set, string name, string duration);

    [LoggerMessage(3104, LogLevel.Information, "Set {Set}: the slow start of {Name} is over: it has its whole share")]
    public static partial void Started(ILogger logger, int set, string name);

    [LoggerMessage(3105, LogLevel.Warning, "Set {Set}: {Name} is to start slowly, and has its whole share at once: {Reason}")]
    public static partial void NotSlow(ILogger logger, int set, string name, string reason);

    [LoggerMessage(3106, LogLevel.Information, "Set {Set}: calls go to the members of zone {Zone} alone")]
    public static partial void ZoneServes(ILogger logger, int set, string zone);

    [LoggerMessage(3107, LogLevel.Warning, "Set {Set}: calls go to members of other zones too: fewer than {MinRoutable} % of those of zone {Zone} get calls, or none")]
    public static partial void ZoneIsShort(ILogger logger, int set, string zone, int minRoutable);

    [LoggerMessage(3108, LogLevel.Warning, "Set {Set}: no member has the label zone={Zone}: calls go to everybody. Is --zone spelled as the members' labels are?")]
    public static partial void ZoneIsAbsent(ILogger logger, int set, string zone);

    [LoggerMessage(3109, LogLevel.Information, "Calls of sets that are shared are not counted: Kamailio has no table {Table}, as with the snippet of an earlier version; shares are followed nevertheless")]
    public static partial void NotCounted(ILogger logger, string table);

    [LoggerMessage(3110, LogLevel.Information, "Set {Set}: calls go to the members of zone {Zone}, and those for values of its split that none of them has to whoever has them")]
    public static partial void ZoneServesPartly(ILogger logger, int set, string zone);

    /// <summary>What each class gets.</summary>
    internal static string Words(SetShares? shares) => shares is null
        ? string.Empty
        : string.Join(", ", shares.Shares.Select(static share => FormattableString.Invariant(
            $"{SafeText.Shorten(share.Class.Text)} {100m * share.Slots / ShareMap.Slots:0.0} % (wanted {share.Wanted / 10m:0.#} %, {share.Routable} of {share.Members} routable)")));
}

using KamailioRpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Guards;

/// <summary>Log messages about destinations that others have put into Kamailio, event ids 2050 to 2069.</summary>
internal static partial class ForeignLog
{
    [LoggerMessage(2050, LogLevel.Error, "{Text}")]
    public static partial void Held(ILogger logger, string text);

    [LoggerMessage(2051, LogLevel.Information, "No name holds changes back any more: destinations are added and removed again")]
    public static partial void HeldNoMore(ILogger logger);

    [LoggerMessage(2052, LogLevel.Warning, "Set {Set}: {Uri} is added although Kamailio will drop {Endangered}: nobody else in the set can take calls")]
    public static partial void LetThrough(ILogger logger, int set, string uri, string endangered);

    [LoggerMessage(2053, LogLevel.Warning, "Set {Set}: {Uri} does not hold changes back although its name does not resolve ({Reason}): {Why}")]
    public static partial void NotHeldFor(ILogger logger, int set, string uri, string reason, string why);

    [LoggerMessage(2054, LogLevel.Warning, "Set {Set}: {Uri} stays, disabled: its name does not resolve ({Reason}), and Kamailio cannot remove what it cannot resolve")]
    public static partial void RemovalNotSent(ILogger logger, int set, string uri, string reason);

    [LoggerMessage(2060, LogLevel.Error, "Set {Set}: {Uri} ({Attributes}), which others put there, is gone: Kamailio dropped it at a change of ours, since its name did not resolve. It is put back as soon as it resolves")]
    public static partial void Lost(ILogger logger, int set, string uri, string attributes);

    [LoggerMessage(2061, LogLevel.Information, "Set {Set}: {Uri}, which was lost, is there again")]
    public static partial void Back(ILogger logger, int set, string uri);

    [LoggerMessage(2062, LogLevel.Warning, "Set {Set}: {Uri}, which was lost, is not put back: somebody else has changed the set or read the list anew since")]
    public static partial void LeftToOthers(ILogger logger, int set, string uri);

    [LoggerMessage(2063, LogLevel.Error, "Set {Set}: {Uri}, which was lost, is given up after {Time}. Write its address in place of its name into Kamailio's list file, or flag 16 behind it: the next start of Kamailio has it then. To have it at once stop this daemon, 'kamcmd dispatcher.add SET URI FLAGS' with the address, and start it again: two writers crash Kamailio")]
    public static partial void GivenUp(ILogger logger, int set, string uri, DurationText time);

    [LoggerMessage(2064, LogLevel.Error, "Set {Set}: {Uri} ({Attributes}), which others put there, is gone, and its text cannot be written back as it was. Correct it in Kamailio's list file: the next start of Kamailio has it then. To have it at once stop this daemon, 'kamcmd dispatcher.add SET URI FLAGS', and start it again: two writers crash Kamailio")]
    public static partial void LostForGood(ILogger logger, int set, string uri, string attributes);

    [LoggerMessage(2065, LogLevel.Error, "Set {Set}: {Uri} ({Attributes}), which others put there, was in the list while the dispatcher before this one ran, which was killed, and is not any more: it is put back. Whoever removed it meanwhile, remove it again while this daemon is stopped (kamcmd dispatcher.remove)")]
    public static partial void FoundMissing(ILogger logger, int set, string uri, string attributes);

    [LoggerMessage(2066, LogLevel.Warning, "What others have put into Kamailio's list by name cannot be kept in {Path} ({Reason}): if this daemon is killed in the moment of a change, what the change cost is not put back. Free the disk or correct the permissions; trying on")]
    public static partial void FileNotWritten(ILogger logger, string path, string reason);

    [LoggerMessage(2067, LogLevel.Warning, "{Path}, which says what others have put into Kamailio's list by name, is not used: {Reason}. A new one is written as soon as there is something to keep")]
    public static partial void FileUnusable(ILogger logger, string path, string reason);
}

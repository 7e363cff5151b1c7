using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>What an operator wishes, in words.</summary>
internal static class IntentText
{
    private const int LongestName = 40;
    private const int LongestBy = 64;
    private const int MostNamed = 3;

    /// <summary>Why a proxy goes on by members alone; follows its name, or "it".</summary>
    public const string NotFollowed = "follows no intents (an older kamrpc, or its etcd role may not read them)";

    /// <summary><c>drained for 2m by ops@h1 (kernel update)</c>.</summary>
    public static string Drained(Intent intent, DateTimeOffset now) =>
        $"drained{(intent.At is { } at ? " for " + Ages.Show(now - at) : string.Empty)} by {By(intent)}{Why(intent)}";

    /// <summary><c>weight 10 by ops@h1 (slow disks)</c>; null where no operator gave it one.</summary>
    public static string? Weight(Intent? intent) => intent?.Weight is not { } weight ? null : $"weight {Ages.Number(weight)} by {By(intent.OfWeight())}{Why(intent.OfWeight())}";

    /// <summary>What its announcer counted, with its age by this host's clock: <c>3 calls 1s ago</c>; null where nothing is known, or it is drained no more.</summary>
    public static string? Calls(StoredCallCount? stored, Intent? intent, DateTimeOffset now) => intent is not { IsDrained: true } || stored is null ? null
        : stored.Count is not { } count ? $"how many calls are up is not known: the count cannot be used ({SafeText.Shorten(stored.Error!, ProxyTrouble.MostTextLength)})"
        : count.Calls is null ? $"how many calls are up is not known: {count}"
        : $"{count} {(count.At is { } at ? $"{Ages.Show(now - at)} ago" : "once, nobody knows when")}";

    /// <summary><c>ops@h1 drained it 2m ago (kernel update)</c>.</summary>
    public static string Sentence(Intent intent, DateTimeOffset now) =>
        $"{By(intent)} drained it{(intent.At is { } at ? $" {Ages.Show(now - at)} ago" : string.Empty)}{Why(intent)}";

    /// <summary>How drains of one set are taken back: <c>'kamrpc resume a b --set 1' takes that back, with --force where it is somebody else's</c>.</summary>
    public static string Resume(int set, IReadOnlyCollection<string> names)
    {
        var who = names.Count > MostNamed ? "NAME..." : string.Join(' ', names.Select(static name => SafeText.Shorten(name, MemberValidation.MaxNameLength)));
        return FormattableString.Invariant($"'kamrpc resume {who} --set {set}' takes that back{IntentOrigin.Forced}");
    }

    /// <summary><c>set 1: a</c>.</summary>
    public static string Who(MemberKey key) => FormattableString.Invariant($"set {key.Set}: {SafeText.Shorten(key.Name, LongestName)}");

    public static string By(Intent intent) => intent.By.Length > 0 ? SafeText.Shorten(intent.By, LongestBy) : "an operator";

    private static string Why(Intent intent) => string.IsNullOrEmpty(intent.Reason) ? string.Empty : $" ({SafeText.Shorten(intent.Reason, MemberValidation.MaxReasonLength)})";
}

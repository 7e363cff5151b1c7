using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Status.Findings;

/// <summary>Who has left, and may still get calls from a proxy that does not follow it.</summary>
internal sealed class DepartedFinding(ClusterCalls calls, ProxyLens lens)
{
    private const int MostNamed = 3;
    private const int LongestName = 40;

    public StatusFinding Found(FollowLag lag)
    {
        // What is gone is nowhere named but in the reports of those that have followed.
        List<MemberCalls> named = [.. calls.Sets.SelectMany(static set => set.Departed).Where(member => member.Remarks.Any(remark => remark.Lens == lens && remark.Calls == CallState.Unknown))];
        var names = string.Join(", ", named.Take(MostNamed).Select(static member => FormattableString.Invariant($"{SafeText.Shorten(member.Key.Name, LongestName)} of set {member.Key.Set}")));
        var who = named.Count == 0 ? Ages.Count(lag.Records, "record") : $"{Ages.Count(lag.Records, "record")}, such as {names}";
        var store = calls.Cluster.Sources.Count > 0 ? "its source" : "etcd";
        var what = lag.AreMissing
            ? $"it goes by {Ages.Count(lag.Records, "record")} fewer than {store} has; who has come may get no calls there"
            : $"it goes by {who}, of which {store} has none any more; who has left may still get calls there";
        return new StatusFinding(
            FindingCode.NotFollowed,
            $"proxy {lens.Name} does not follow the members, for {Ages.Show(lag.Age)} or longer: {what}; its log says why ({store} refuses, or a connection hangs)")
        {
            Proxy = lens.Proxy.Name,
            Set = named.Count == 1 ? named[0].Key.Set : null,
            Member = named.Count == 1 ? named[0].Key.Name : null,
        };
    }
}

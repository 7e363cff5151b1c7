using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status.Findings;

/// <summary>What operators wish and does not happen. That a member is drained is no finding by itself.</summary>
internal sealed class IntentFindings(ClusterCalls calls)
{
    private const int MostRejected = 10;

    /// <summary>Whoever is drained and gets calls all the same: somebody may be about to switch the server off.</summary>
    public IEnumerable<StatusFinding> Served()
    {
        foreach (var member in calls.Sets.SelectMany(static set => set.Members).Where(static member => member.IsServedThoughDrained))
        {
            foreach (var cause in member.Remarks.Where(static remark => remark.Calls == CallState.All).GroupBy(static remark => remark.Lens.FollowsIntents))
            {
                List<ProxyLens> proxies = [.. cause.Select(static remark => remark.Lens).Distinct()];
                var why = !cause.Key ? $"it {IntentText.NotFollowed}"
                    : cause.First().Deviation is { } deviation ? $"it {DeviationText.Of(deviation, calls.Now)}"
                    : "it has not followed yet";
                yield return new StatusFinding(
                    FindingCode.MemberStillServing,
                    $"{IntentText.Who(member.Key)} is {IntentText.Drained(member.Announced!.Intent!, calls.Now)} and STILL GETS CALLS on {ProxyNames.Of(proxies)}: {why}")
                {
                    Set = member.Key.Set,
                    Member = member.Key.Name,
                    Proxy = proxies.Count == 1 ? proxies[0].Proxy.Name : null,
                };
            }
        }
    }

    /// <summary>One that has only not followed it yet does within moments.</summary>
    private bool IsNotFollowingItsDrain(ProxyLens lens) =>
        lens.Status is { } status && !status.Applies.Contains(ProxyIntent.Kind) && calls.Cluster.ProxyIntents.GetValueOrDefault(lens.Proxy.Name)?.Intent is { IsDrained: true };

    /// <summary>What of operators' wishes somebody does not follow, or nobody can use.</summary>
    public IEnumerable<StatusFinding> NotInForce()
    {
        foreach (var lens in calls.Proxies.Where(calls.LacksIntents))
        {
            yield return new StatusFinding(FindingCode.IntentsNotFollowed, $"proxy {lens.Name} {IntentText.NotFollowed}: whom operators drain may go on getting calls there") { Proxy = lens.Proxy.Name };
        }

        foreach (var lens in calls.Proxies.Where(IsNotFollowingItsDrain))
        {
            yield return new StatusFinding(
                FindingCode.IntentsNotFollowed,
                $"proxy {lens.Name} is {IntentText.Drained(calls.Cluster.ProxyIntents[lens.Proxy.Name].Intent, calls.Now)}, and does not follow that (an older kamrpc, or its etcd role may not read it): 'kamrpc health' goes on well there")
            {
                Proxy = lens.Proxy.Name,
            };
        }

        if (calls.Cluster.IntentsRefused is { } refused)
        {
            yield return new StatusFinding(
                FindingCode.IntentsNotReadable,
                $"who is drained by an operator is not known: etcd does not let this user read it ({SafeText.Shorten(refused, ProxyTrouble.MostTextLength)})");
        }

        // A role of an earlier version need not have the right: where no calls are shared that makes no difference.
        if (calls.Cluster.SplitsRefused is { } unread && calls.Proxies.Any(static lens => lens.Status?.Shares is { Classes.Length: > 0 }))
        {
            yield return new StatusFinding(
                FindingCode.IntentsNotReadable,
                $"whom an operator's split gives no share is not known: etcd does not let this user read splits ({SafeText.Shorten(unread, ProxyTrouble.MostTextLength)})");
        }

        var rejected = calls.Cluster.RejectedIntents;
        foreach (var record in rejected.Take(MostRejected))
        {
            yield return new StatusFinding(FindingCode.IntentsNotReadable, MemberText.Of(record)) { Set = record.Member?.Set, Member = record.Member?.Name };
        }

        if (rejected.Count > MostRejected)
        {
            yield return new StatusFinding(FindingCode.IntentsNotReadable, Ages.Count(rejected.Count - MostRejected, "more record") + " of operators' wishes rejected");
        }
    }
}

using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;

namespace KamRpcDispatcher.Operate.Rollouts.Rolling;

/// <summary>Looks at the rights in etcd that a rolling restart will need, before it drains anybody: one that was found missing later would leave a member drained. What its first record needs, in rollouts and history, is not among them.</summary>
internal sealed class RollingRights(EtcdConnection store, EtcdKeys keys)
{
    /// <summary>Which of them are missing, a sentence each, safe to print; empty where none is, and where etcd does not answer.</summary>
    /// <param name="rollout">As it is to go on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<string>> WhyNotAsync(Rollout rollout, CancellationToken cancellationToken)
    {
        if (rollout.Restart is not { } restart || rollout.HasEnded)
        {
            return [];
        }

        var missing = new List<string>();
        if (await KeyRights.AreMissingAsync(store, restart.Members.Take(IntentTransaction.MostKeys).Select(member => keys.Intent(new MemberKey(rollout.Set, member.Name))), cancellationToken).ConfigureAwait(false))
        {
            missing.Add(Text("readwrite", keys.Intents, "where members are drained"));
        }

        if (restart.DrainTime is null && await KeyRights.AreMissingToReadAsync(store, keys.Calls, cancellationToken).ConfigureAwait(false))
        {
            missing.Add(Text("read", keys.Calls, "where the calls of drained members are counted") + ", or give --drain-time, after which it goes on without counts");
        }

        return missing;
    }

    private static string Text(string right, string prefix, string what) => $"its role in etcd needs {right} on the prefix {prefix}, {what} (etcdctl role grant-permission ROLE {right} --prefix=true {prefix})";
}

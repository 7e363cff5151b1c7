using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>Whether what operators wish of members can be read, and whom they have drained.</summary>
internal static class IntentsCheck
{
    private const string Name = "etcd.intents";

    public static Finding Of(EtcdObservation etcd)
    {
        if (!etcd.Members.Try(out _, out var trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        if (etcd.IntentsRefused is { } refused)
        {
            return Finding.Unknown(
                Name,
                $"etcd does not let this user read what operators wish, so that it is not known who is drained ({SafeText.Shorten(refused, 256)})",
                "a user with the role status, see etcd with TLS and users: --etcd-user NAME --etcd-password-file FILE");
        }

        if (etcd.RejectedIntents.Count > 0)
        {
            return Finding.Warning(
                Name,
                $"{Wording.Count(etcd.RejectedIntents.Count, "record")} of operators' wishes cannot be used: {Wording.List([.. etcd.RejectedIntents.Select(static record => $"{record.Key} ({record.Reason})")])}",
                "kamrpc drain and kamrpc resume write none that cannot be used; etcdctl del takes such a record away");
        }

        var drained = etcd.Intents.Values.Where(static intent => intent.IsDrained).OrderBy(static intent => intent.Key).ToList();
        return Finding.Ok(Name, drained.Count == 0
            ? "no member is drained by an operator"
            : $"{Wording.Count(drained.Count, "member")} drained by an operator: {Wording.List([.. drained.Select(static intent => intent.By.Length == 0 ? intent.Key.ToString() : $"{intent.Key} ({SafeText.Shorten(intent.By)})")])}");
    }
}

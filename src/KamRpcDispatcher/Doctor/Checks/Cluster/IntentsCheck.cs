using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
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
        var proxies = etcd.ProxyIntents.Where(static one => one.Value.IsDrained).OrderBy(static one => one.Key, StringComparer.Ordinal).ToList();
        var ofMembers = drained.Count == 0 ? "no member is drained by an operator" : $"{Wording.Count(drained.Count, "member")} drained by an operator: {Wording.List([.. drained.Select(static intent => Whose(intent.Key.ToString(), intent))])}";
        return Finding.Ok(Name, proxies.Count == 0
            ? ofMembers
            : $"{ofMembers}; drained by an operator, so that kamrpc health fails there, {(proxies.Count == 1 ? "is proxy" : "are proxies")} {Wording.List([.. proxies.Select(static one => Whose(SafeText.Shorten(one.Key), one.Value))])}");
    }

    private static string Whose(string name, Intent intent) => intent.By.Length == 0 ? name : $"{name} ({SafeText.Shorten(intent.By)})";
}

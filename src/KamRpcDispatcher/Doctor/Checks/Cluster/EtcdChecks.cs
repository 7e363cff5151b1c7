using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>Whether an endpoint of etcd answers, is new enough and well.</summary>
internal static class EtcdChecks
{
    private static readonly Version Oldest = new(3, 4);

    /// <summary>All endpoints: whether each is well, and whether they are of one store.</summary>
    public static IEnumerable<Finding> Of(EtcdObservation etcd)
    {
        var stores = etcd.Endpoints.Select(static endpoint => (endpoint.Endpoint, Id: endpoint.Status.Try(out var status, out _) ? status.ClusterId : 0))
            .Where(static endpoint => endpoint.Id != 0)
            .GroupBy(static endpoint => endpoint.Id, static endpoint => endpoint.Endpoint)
            .ToList();
        return etcd.Endpoints.SelectMany(static endpoint => Of(endpoint)).Concat(stores.Count < 2 ? [] :
        [
            Finding.Error(
                "etcd.health",
                $"the endpoints are of {stores.Count} stores, which know nothing of one another: {string.Join("; ", stores.Select(static store => string.Join(", ", store)))}. What is announced in one is not seen in another",
                "--etcd with the endpoints of one cluster only: etcdctl --endpoints ... endpoint status shows the cluster ids (-w json)"),
        ]);
    }

    public static IEnumerable<Finding> Of(EndpointObservation endpoint)
    {
        if (!endpoint.Status.Try(out var status, out var trouble))
        {
            var because = trouble with { Because = Causes.Etcd };
            return
            [
                Finding.Error(Causes.Etcd, trouble.Text, "--etcd http://HOST:2379, and --listen-client-urls of etcd"),
                Finding.Unknown("etcd.version", because),
                Finding.Unknown("etcd.health", because),
                Finding.Unknown(EtcdSpaceChecks.Compaction, because),
                Finding.Unknown(EtcdSpaceChecks.Quota, because),
            ];
        }

        return
        [
            Finding.Ok(Causes.Etcd, $"{endpoint.Endpoint} answers in {Wording.Milliseconds(status.Elapsed)}"),
            OfVersion(endpoint.Endpoint, status),
            OfHealth(endpoint.Endpoint, status),
            EtcdSpaceChecks.OfCompaction(endpoint.Endpoint, status),
            EtcdSpaceChecks.OfQuota(endpoint.Endpoint, status),
        ];
    }

    private static Finding OfVersion(string endpoint, EndpointStatus status)
    {
        const string Name = "etcd.version";

        // "3.5.0-rc.1" has more than numbers.
        return !Version.TryParse(status.Version.Split('-')[0], out var version)
            ? Finding.Unknown(Name, $"{endpoint} does not tell its version in a way that is known")
            : version < Oldest
                ? Finding.Warning(Name, $"{endpoint} is etcd {status.Version}; kamrpc was tested with 3.4 and later", "install etcd 3.4 or later")
                : Finding.Ok(Name, $"{endpoint} is etcd {status.Version}");
    }

    private static Finding OfHealth(string endpoint, EndpointStatus status)
    {
        const string Name = "etcd.health";
        if (!status.HasLeader)
        {
            return Finding.Error(Name, $"{endpoint} knows no leader: nothing can be announced or withdrawn", "start the other members of etcd: etcdctl endpoint status --cluster");
        }

        if (status.IsLearner)
        {
            return Finding.Error(Name, $"{endpoint} is a learner: it serves nobody, and kamrpc goes on to the next endpoint each time", "etcdctl member promote ID, or leave it out of --etcd");
        }

        return status.Errors.Count > 0
            ? Finding.Error(
                Name,
                $"{endpoint} reports {string.Join("; ", status.Errors)}, with a database of {Wording.Megabytes(status.DatabaseBytes)}",
                "etcdctl compact REVISION && etcdctl defrag && etcdctl alarm disarm, and a larger --quota-backend-bytes")
            : Finding.Ok(Name, $"{endpoint} has a leader, no alarms, and a database of {Wording.Megabytes(status.DatabaseBytes)}");
    }
}

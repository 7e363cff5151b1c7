using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>Whether two proxies report from one host, as where a dispatcher was started twice under two names; each may have a Kamailio of its own there.</summary>
internal static class ProxyHostsCheck
{
    private const string Name = "etcd.proxy-hosts";

    public static Finding Of(EtcdObservation etcd)
    {
        if (!etcd.Proxies.Try(out var proxies, out var trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        // A place is one PID namespace of one boot: containers are hosts of their own.
        var shared = proxies.Where(static proxy => proxy.Status?.Identity is not null).GroupBy(static proxy => proxy.Status!.Identity!.Machine).Where(static place => place.Count() > 1).ToList();
        return shared.Count == 0
            ? Finding.Ok(Name, "no two proxies report from one host")
            : Finding.Warning(
                Name,
                Wording.List([.. shared.Select(static place =>
                    $"{Wording.List([.. place.Select(static proxy => $"{SafeText.Shorten(proxy.Name)} (Kamailio at {SafeText.Shorten(proxy.Status!.Identity!.Kamailio, 128)})")])} are on one host, {SafeText.Shorten(place.First().Status!.Identity!.Host)}")]),
                $"--ignore {Name}, if each is to have its Kamailio there; else stop the kamrpc dispatch that is one too many");
    }
}

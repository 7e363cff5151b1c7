using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Checks.Cluster;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Local;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>
/// The members that the dispatcher at work on this Kamailio goes by, wherever they come from: Kamailio's list is held against them, and not against what etcd has of sets that it
/// takes from elsewhere. Where it can be asked on its machine it tells them; else they are not seen.
/// </summary>
internal static class MembersHere
{
    private const string Untold = "the dispatcher at work here has no members yet: no source has told any";

    public static EtcdObservation Of(KamailioObservation kamailio, EtcdObservation etcd)
    {
        if (DispatcherCheck.ClusterAtWork(kamailio) is { } cluster && cluster != etcd.Cluster)
        {
            return etcd;
        }

        var name = DispatcherCheck.ProxyAtWork(kamailio);
        var answers = etcd.Local.Where(answer => answer.Cluster == etcd.Cluster && (name is null || answer.Proxy == name)).ToList();
        return answers switch
        {
            [{ UsesEtcd: false } only] => OfAnswer(only, etcd),
            [var mixed] => OfMixed(mixed, etcd),
            _ => OfReport(name, etcd),
        };
    }

    private static EtcdObservation OfAnswer(WholeAnswer answer, EtcdObservation etcd)
    {
        var view = answer.ToView();
        return etcd with
        {
            Members = answer.Membership is { } membership ? Observed<IReadOnlyList<Member>>.Of([.. membership.Members]) : Observed<IReadOnlyList<Member>>.Not(Untold),
            Proxies = Observed<IReadOnlyList<ReportingProxy>>.Of(view.Proxies),
            Rejected = view.Rejected,
            Held = [.. answer.Report?.Held ?? []],
            Drained = new HashSet<MemberKey>(),
            Sources = answer.Sources,
            Elsewhere = new ElsewhereSets(_ => $"comes from {answer.Names}", static _ => true, SafeText.Shorten(answer.Proxy), areSeen: true),
        };
    }

    /// <summary>Of etcd's sets etcd tells, as long as it does.</summary>
    private static EtcdObservation OfMixed(WholeAnswer answer, EtcdObservation etcd)
    {
        if (answer is not { Membership: { } membership, Report: { } report })
        {
            return etcd with { Members = Observed<IReadOnlyList<Member>>.Not(Untold), Sources = answer.Sources };
        }

        bool IsElsewhere(Member member) => report.ElsewhereOf(member.Key.Set) is not null;
        var isRead = etcd.Members.Try(out var announced, out _);
        var told = membership.Members.Where(member => !isRead || IsElsewhere(member)).ToList();
        return etcd with
        {
            Members = Observed<IReadOnlyList<Member>>.Of([.. told, .. (announced ?? []).Where(member => !IsElsewhere(member))]),
            Proxies = etcd.Proxies.Try(out _, out _) ? etcd.Proxies : Observed<IReadOnlyList<ReportingProxy>>.Of(answer.ToView().Proxies),
            Drained = etcd.Drained.Concat(told.Select(static member => member.Key).Where(key => etcd.Intents.GetValueOrDefault(key) is { IsDrained: true })).ToHashSet(),
            Sources = answer.Sources,
            Elsewhere = new ElsewhereSets(report.ElsewhereOf, report.MayHaveOthersIn, SafeText.Shorten(answer.Proxy), areSeen: true),
        };
    }

    /// <summary>Where nobody sees which dispatcher is at work here it may be any of them.</summary>
    private static EtcdObservation OfReport(string? name, EtcdObservation etcd)
    {
        if (!etcd.Proxies.Try(out var proxies, out _) || proxies.FirstOrDefault(proxy => (name is null || proxy.Name == name) && proxy.Status is { HasSources: true }) is not { Status: { } status } here)
        {
            return etcd;
        }

        return etcd with
        {
            Members = etcd.Members.Try(out var members, out _) ? Observed<IReadOnlyList<Member>>.Of([.. members.Where(member => status.ElsewhereOf(member.Key.Set) is null)]) : etcd.Members,
            Sources = [.. status.Sources.Select(MemberSource.Of)],
            Elsewhere = new ElsewhereSets(status.ElsewhereOf, status.MayHaveOthersIn, SafeText.Shorten(here.Name), areSeen: false),
        };
    }
}

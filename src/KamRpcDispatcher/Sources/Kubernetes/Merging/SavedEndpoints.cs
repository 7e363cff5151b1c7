using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Origins;

namespace KamRpcDispatcher.Sources.Kubernetes.Merging;

/// <summary>The members that were known before a start: those of a Service stand in for it as long as it cannot be read. Pure.</summary>
/// <param name="services">All Services of the source.</param>
/// <param name="members">The members of before.</param>
internal sealed class SavedEndpoints(IReadOnlyList<KubernetesService> services, IReadOnlyList<Member> members)
{
    /// <summary>Nothing is known.</summary>
    public static readonly SavedEndpoints None = new([], []);

    /// <summary>
    /// The endpoints of a Service. One that no Service of the source is named for, as of a Service that had another name, is taken for its set's. Null where nobody of its set is known: who is in it then is in no
    /// file, and may be in Kamailio's list all the same.
    /// </summary>
    public IReadOnlyList<Member>? Of(KubernetesService service)
    {
        List<Member> own = [.. members.Where(member => services.FirstOrDefault(one => IsNamed(member, one)) is { } named ? named == service : member.Key.Set == service.Set)];
        return own.Count > 0 || members.Any(member => member.Key.Set == service.Set) ? own : null;
    }

    /// <summary>Joins those that stand in with what was read: that is newer where it has the same name or address.</summary>
    public static MergedEndpoints Join(MergedEndpoints read, IReadOnlyList<Member> standIns, IReadOnlyList<string> unread)
    {
        var names = read.Members.Select(static member => member.Key).ToHashSet();
        var addresses = read.Members.Select(static member => (member.Key.Set, member.Uri.Endpoint)).ToHashSet();
        List<Member> kept = [.. standIns.Where(member => !names.Contains(member.Key) && !addresses.Contains((member.Key.Set, member.Uri.Endpoint))).DistinctBy(static member => member.Key)];
        return read with
        {
            Members = [.. read.Members.Concat(kept).OrderBy(static member => member.Key)],
            Terminating = read.Terminating.Union(kept.Where(static member => member.State == MemberState.Draining).Select(static member => member.Key)),
            Unread = unread,
        };
    }

    private static bool IsNamed(Member member, KubernetesService service) =>
        member.Labels.GetValueOrDefault("service") == service.Service && member.Labels.GetValueOrDefault("namespace") == service.Namespace;
}

using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>How far a proxy is behind the deletions of members, or behind what a store has that was put in the place of another.</summary>
/// <param name="Records">How many records it goes by that are not there any more, or does not go by though they are; 0 for none.</param>
/// <param name="Age">For how long it was seen to go by them.</param>
internal readonly record struct FollowLag(long Records, TimeSpan Age)
{
    /// <summary>Whether it has fewer records than there are, in place of more.</summary>
    public bool AreMissing { get; init; }

    /// <summary>Whether it had time enough to follow.</summary>
    public bool IsLate => Records > 0 && Age >= FollowAges.Limit;
}

/// <summary>
/// Tells proxies that do not follow what was deleted: a deletion leaves nothing in the store that would tell when it was, so a proxy that goes by
/// what is not there any more is watched until it has followed, or had time enough to do so. One that follows something meanwhile begins anew.
/// </summary>
internal sealed class FollowAges(TimeProvider timeProvider)
{
    /// <summary>A cycle takes milliseconds, and its report may wait two seconds to be written.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    private readonly Dictionary<string, Sighting> _sightings = new(StringComparer.Ordinal);

    /// <summary>The store was read.</summary>
    public void Observe(ClusterView view)
    {
        foreach (var (name, status, _) in view.Proxies)
        {
            if (status is not { Contact.Answers: true, Hangs: false } || view.Unfollowed(status) is not (> 0 and var records))
            {
                // Of one that sees nothing of its Kamailio, or hangs, that is told.
                _sightings.Remove(name);
            }
            else if (!_sightings.TryGetValue(name, out var before) || before.Followed != status.Follows?.Revision)
            {
                _sightings[name] = new Sighting(records, AreMissing(view, status), status.Follows?.Revision, timeProvider.GetTimestamp());
            }
            else
            {
                _sightings[name] = before with { Records = records, AreMissing = AreMissing(view, status) };
            }
        }
    }

    /// <summary>What was seen so far counts no more.</summary>
    public void Forget() => _sightings.Clear();

    public FollowLag Of(string proxy) => _sightings.TryGetValue(proxy, out var sighting) ? new FollowLag(sighting.Records, timeProvider.GetElapsedTime(sighting.Since)) { AreMissing = sighting.AreMissing } : default;

    private static bool AreMissing(ClusterView view, ProxyStatus status) => status.Follows is { } follows && follows.Records < view.MemberRecords;

    /// <param name="Records">How many records it goes by too many or too few.</param>
    /// <param name="AreMissing">Whether they are too few.</param>
    /// <param name="Followed">The revision up to which it has followed.</param>
    /// <param name="Since">When it was first seen so.</param>
    private readonly record struct Sighting(long Records, bool AreMissing, long? Followed, long Since);
}

using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Kubernetes.Merging;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Origins;

namespace KamRpcDispatcher.Sources.Kubernetes;

/// <summary>Makes memberships of what all slices come to each time, and finds what kind of going each going is. One thread at a time, but for <see cref="Current"/>.</summary>
/// <remarks>
/// <para>Who terminates says so itself: its going is a withdrawal. Who is ready and then is not, without terminating, has expired, for all that it is still there: it is down, unless so
/// many are at once that the panic threshold holds it (<see cref="Membership.Expired"/>).</para>
/// <para>Who is ready and then in no slice at all is doubted for a moment: an endpoint that moves from one slice to another may be in neither for as long as the cluster needs for the
/// second write. One for which another one has become ready at the same time has been replaced, and is not.</para>
/// </remarks>
/// <param name="timeProvider">The clock.</param>
/// <param name="wished">What operators wish as far as it is known now; null for nothing.</param>
internal sealed class EndpointTable(TimeProvider timeProvider, Func<OperatorIntents?>? wished = null)
{
    private readonly Lock _lock = new();
    private readonly ExpiryMemory _expiries = new(timeProvider);
    private readonly LeaveMemory _left = new();
    private readonly ServingMembers _serving = new(wished ?? (static () => null));
    private readonly Dictionary<MemberKey, Member> _members = [];
    private ImmutableHashSet<MemberKey> _terminating = [];
    private MergedEndpoints? _merged;
    private long _revision;
    private volatile Membership? _current;

    /// <summary>The newest membership; null before the first <see cref="Replace"/>.</summary>
    public Membership? Current => _current;

    /// <summary>Whether there is somebody whose going is doubted.</summary>
    public bool IsDoubting
    {
        get
        {
            lock (_lock)
            {
                return _expiries.IsDoubting;
            }
        }
    }

    /// <inheritdoc cref="IMemberOrigin.Seed"/>
    public void Seed(Membership before)
    {
        lock (_lock)
        {
            _revision = Math.Max(_revision, before.Revision);
            foreach (var member in before.Members)
            {
                Put(member);
            }

            foreach (var expired in before.Expired)
            {
                _expiries.Add(NameOf(expired.Member.Key), expired);
                _left.Add(expired.Member, LeaveCause.Vanished);
            }
        }
    }

    /// <summary>Takes what all slices come to now.</summary>
    /// <returns>Whether the membership is another one now.</returns>
    public bool Replace(MergedEndpoints merged)
    {
        lock (_lock)
        {
            _expiries.Heard();
            var now = merged.Members.ToDictionary(static member => member.Key);
            var sizes = new Dictionary<int, int>();
            foreach (var set in _members.Keys.Select(static key => key.Set).Distinct())
            {
                sizes[set] = _serving.Count(set);
            }

            // Who comes back from where nobody knew of him takes nobody's place.
            var replacements = merged.Members
                .Where(member => member.State == MemberState.Ready && _members.GetValueOrDefault(member.Key)?.State != MemberState.Ready && !_expiries.Knows(NameOf(member.Key)))
                .GroupBy(static member => member.Key.Set).ToDictionary(static set => set.Key, static set => set.Count());
            var isChanged = _current is null || !merged.Rejected.SequenceEqual(_merged?.Rejected ?? []);
            foreach (var gone in _members.Values.Where(member => !now.ContainsKey(member.Key)).OrderBy(static member => member.Key).ToList())
            {
                Leave(gone, sizes[gone.Key.Set], replacements);
                isChanged = true;
            }

            foreach (var member in merged.Members)
            {
                isChanged |= Take(member, merged.Terminating.Contains(member.Key), sizes.GetValueOrDefault(member.Key.Set));
            }

            (_merged, _terminating) = (merged, merged.Terminating);
            if (isChanged)
            {
                Publish();
            }

            return isChanged;
        }
    }

    /// <inheritdoc cref="IMemberOrigin.SeedListed"/>
    /// <param name="listed">One a key.</param>
    public bool SeedListed(IReadOnlyList<Member> listed)
    {
        lock (_lock)
        {
            if (_current is null)
            {
                return false;
            }

            // Whose address another name of its set has by now only has another name.
            var addresses = _members.Values.Select(static member => (member.Key.Set, member.Uri)).ToHashSet();
            var missing = listed.Where(member =>
                !_members.ContainsKey(member.Key) && !addresses.Contains((member.Key.Set, member.Uri)) && !_expiries.Knows(NameOf(member.Key)) && !_left.Knows(member.Key)).ToList();
            var sizes = missing.Select(static member => member.Key.Set).Distinct().ToDictionary(static set => set, set => _serving.Count(set) + missing.Count(member => member.Key.Set == set));
            foreach (var member in missing)
            {
                _left.Add(member, LeaveCause.Missing);
                if (!_serving.IsDrained(member.Key))
                {
                    _expiries.AddDoubted(NameOf(member.Key), member, sizes[member.Key.Set]);
                }
            }

            if (missing.Count > 0)
            {
                Publish();
            }

            return missing.Count > 0;
        }
    }

    /// <summary>The API server gave a sign of life, or all watches stand: who is doubted may be so no longer.</summary>
    /// <returns>Whether the membership is another one now.</returns>
    public bool Hear()
    {
        lock (_lock)
        {
            if (!_expiries.Heard() || _current is null)
            {
                return false;
            }

            Publish();
            return true;
        }
    }

    /// <summary>The API server answers again: who was doubted is so anew, since nobody could say that he is there.</summary>
    public void CameBack()
    {
        lock (_lock)
        {
            _expiries.CameBack();
        }
    }

    private void Leave(Member gone, int size, Dictionary<int, int> replacements)
    {
        _members.Remove(gone.Key);
        _serving.Remove(gone.Key);
        if (gone.State != MemberState.Ready)
        {
            _left.Add(gone, _terminating.Contains(gone.Key) ? LeaveCause.Withdrawn : LeaveCause.Vanished);
            return;
        }

        if (replacements.GetValueOrDefault(gone.Key.Set) is > 0 and var left)
        {
            replacements[gone.Key.Set] = left - 1;
            _left.Add(gone, LeaveCause.Withdrawn);
            return;
        }

        _left.Add(gone, LeaveCause.Vanished);
        if (!_serving.IsDrained(gone.Key))
        {
            _expiries.AddDoubted(NameOf(gone.Key), gone, size);
        }
    }

    private bool Take(Member member, bool isTerminating, int size)
    {
        var name = NameOf(member.Key);
        var known = _members.GetValueOrDefault(member.Key);
        var isSame = known is not null && AreSame(known, member) && isTerminating == _terminating.Contains(member.Key);
        if (isSame && !(_expiries.Knows(name) && member.State == MemberState.Ready))
        {
            return false;
        }

        if (known is { State: MemberState.Ready } && member.State == MemberState.Down && !isTerminating && !_serving.IsDrained(member.Key))
        {
            _expiries.Add(name, known, size);
        }
        else if (known is null || isTerminating || member.State == MemberState.Ready || !known.Uri.Equals(member.Uri))
        {
            _expiries.Returned(name);
        }

        Put(member with { CreatedRevision = known is not null && known.Uri.Equals(member.Uri) ? known.CreatedRevision : _revision + 1 });
        return !isSame;
    }

    private void Put(Member member)
    {
        _members[member.Key] = member;
        _left.Forget(member.Key);
        if (member.State == MemberState.Ready)
        {
            _serving.Add(member.Key);
        }
        else
        {
            _serving.Remove(member.Key);
        }
    }

    private void Publish() => _current = new Membership(++_revision, [.. _members.Values.OrderBy(static member => member.Key)], _merged?.Rejected ?? [])
    {
        Expired = _expiries.All(isBack: false),
        Returned = _expiries.All(isBack: true),
        Left = _left.All,
        Records = _members.Count + (_merged?.Rejected.Count ?? 0),
        Heard = _expiries.HeardAt,
    };

    /// <summary>Two dictionaries of the same entries are two for a record's own equality; when a member was first seen is not said by a slice.</summary>
    private static bool AreSame(Member known, Member now) =>
        known.Labels.SequenceEqual(now.Labels) && known.Attributes.SequenceEqual(now.Attributes)
        && known with { Attributes = now.Attributes, Labels = now.Labels, CreatedRevision = now.CreatedRevision } == now;

    private static string NameOf(MemberKey key) => key.ToString();
}

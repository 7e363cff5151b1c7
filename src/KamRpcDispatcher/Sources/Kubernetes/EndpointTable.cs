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
    private readonly ToldMembers _told = new(timeProvider, wished);
    private ImmutableHashSet<MemberKey> _terminating = [];
    private MergedEndpoints? _merged;

    /// <summary>The newest membership; null before the first <see cref="Replace"/>.</summary>
    public Membership? Current => _told.Current;

    /// <summary>Whether there is somebody whose going is doubted.</summary>
    public bool IsDoubting
    {
        get
        {
            lock (_lock)
            {
                return _told.Expiries.IsDoubting;
            }
        }
    }

    /// <inheritdoc cref="IMemberOrigin.Seed"/>
    public void Seed(Membership before)
    {
        lock (_lock)
        {
            _told.Seed(before, LeaveCause.Vanished);
        }
    }

    /// <summary>Takes what all slices come to now.</summary>
    /// <returns>Whether the membership is another one now.</returns>
    public bool Replace(MergedEndpoints merged)
    {
        lock (_lock)
        {
            _told.Expiries.Heard();
            var now = merged.Members.ToDictionary(static member => member.Key);
            var sizes = new Dictionary<int, int>();
            foreach (var set in _told.Members.Keys.Select(static key => key.Set).Distinct())
            {
                sizes[set] = _told.Serving.Count(set);
            }

            // Who comes back from where nobody knew of him takes nobody's place.
            var replacements = merged.Members
                .Where(member => member.State == MemberState.Ready && _told.Members.GetValueOrDefault(member.Key)?.State != MemberState.Ready && !_told.Expiries.Knows(ToldMembers.NameOf(member.Key)))
                .GroupBy(static member => member.Key.Set).ToDictionary(static set => set.Key, static set => set.Count());
            var isChanged = _told.Current is null || !merged.Rejected.SequenceEqual(_merged?.Rejected ?? []) || !merged.Empty.SequenceEqual(_merged?.Empty ?? []) || !merged.Unread.SequenceEqual(_merged?.Unread ?? []);
            foreach (var gone in _told.Members.Values.Where(member => !now.ContainsKey(member.Key)).OrderBy(static member => member.Key).ToList())
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
            if (_told.Current is null)
            {
                return false;
            }

            var missing = _told.Missing(listed);
            var sizes = missing.Select(static member => member.Key.Set).Distinct().ToDictionary(static set => set, set => _told.Serving.Count(set) + missing.Count(member => member.Key.Set == set));
            foreach (var member in missing)
            {
                _told.Left.Add(member, LeaveCause.Missing);
                if (!_told.Serving.IsDrained(member.Key))
                {
                    _told.Expiries.AddDoubted(ToldMembers.NameOf(member.Key), member, sizes[member.Key.Set]);
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
            if (!_told.Expiries.Heard() || _told.Current is null)
            {
                return false;
            }

            _told.Hear();
            return true;
        }
    }

    /// <summary>The API server answers again: who was doubted is so anew, since nobody could say that he is there.</summary>
    public void CameBack()
    {
        lock (_lock)
        {
            _told.Expiries.CameBack();
        }
    }

    private void Leave(Member gone, int size, Dictionary<int, int> replacements)
    {
        _told.Remove(gone.Key);
        if (gone.State != MemberState.Ready)
        {
            _told.Left.Add(gone, _terminating.Contains(gone.Key) ? LeaveCause.Withdrawn : LeaveCause.Vanished);
            return;
        }

        if (replacements.GetValueOrDefault(gone.Key.Set) is > 0 and var left)
        {
            replacements[gone.Key.Set] = left - 1;
            _told.Left.Add(gone, LeaveCause.Withdrawn);
            return;
        }

        _told.Left.Add(gone, LeaveCause.Vanished);
        if (!_told.Serving.IsDrained(gone.Key))
        {
            _told.Expiries.AddDoubted(ToldMembers.NameOf(gone.Key), gone, size);
        }
    }

    private bool Take(Member member, bool isTerminating, int size)
    {
        var name = ToldMembers.NameOf(member.Key);
        var known = _told.Members.GetValueOrDefault(member.Key);
        var isSame = known is not null && ToldMembers.AreSame(known, member) && isTerminating == _terminating.Contains(member.Key);
        if (isSame && !(_told.Expiries.Knows(name) && member.State == MemberState.Ready))
        {
            return false;
        }

        if (known is { State: MemberState.Ready } && member.State == MemberState.Down && !isTerminating && !_told.Serving.IsDrained(member.Key))
        {
            _told.Expiries.Add(name, known, size);
        }
        else if (known is null || isTerminating || member.State == MemberState.Ready || !known.Uri.Equals(member.Uri))
        {
            _told.Expiries.Returned(name, isTerminating ? MemberState.Draining : member.State);
        }

        _told.Put(member with { CreatedRevision = known is not null && known.Uri.Equals(member.Uri) ? known.CreatedRevision : _told.Revision + 1 });
        return !isSame;
    }

    private void Publish() => _told.Publish(_merged?.Rejected ?? [], _merged?.Empty, _merged?.Unread);
}

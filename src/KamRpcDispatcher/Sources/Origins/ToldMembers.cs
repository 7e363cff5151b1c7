using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Sources.Origins;

/// <summary>The members of an origin that tells all of them each time, with who went and how; what follows from that is said by who owns it. One thread at a time, but for <see cref="Current"/>.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="wished">What operators wish as far as it is known now; null for nothing.</param>
internal sealed class ToldMembers(TimeProvider timeProvider, Func<OperatorIntents?>? wished)
{
    private readonly Dictionary<MemberKey, Member> _members = [];
    private volatile Membership? _current;

    /// <summary>The newest membership; null before the first <see cref="Publish"/>.</summary>
    public Membership? Current => _current;

    /// <summary>Who has expired, by <see cref="NameOf"/>.</summary>
    public ExpiryMemory Expiries { get; } = new(timeProvider);

    /// <summary>How those went that are not there.</summary>
    public LeaveMemory Left { get; } = new();

    /// <summary>Who is ready, and drained by nobody.</summary>
    public ServingMembers Serving { get; } = new(wished ?? (static () => null));

    /// <summary>Who is there.</summary>
    public IReadOnlyDictionary<MemberKey, Member> Members => _members;

    /// <summary>That of the newest membership.</summary>
    public long Revision { get; private set; }

    public static string NameOf(MemberKey key) => key.ToString();

    /// <summary>Two dictionaries of the same entries are two for a record's own equality; since when a member is there is not told by its origin.</summary>
    public static bool AreSame(Member known, Member now) =>
        known.Attributes.SequenceEqual(now.Attributes) && known.Labels.SequenceEqual(now.Labels)
        && known with { Attributes = now.Attributes, Labels = now.Labels, CreatedRevision = now.CreatedRevision } == now;

    /// <summary>Takes a membership of before as what was told last.</summary>
    /// <param name="before">The membership.</param>
    /// <param name="cause">How those went that have expired in it.</param>
    public void Seed(Membership before, LeaveCause cause)
    {
        Revision = Math.Max(Revision, before.Revision);
        foreach (var member in before.Members)
        {
            Put(member);
        }

        foreach (var expired in before.Expired)
        {
            Expiries.Add(NameOf(expired.Member.Key), expired);
            Left.Add(expired.Member, cause);
        }
    }

    public void Put(Member member)
    {
        _members[member.Key] = member;
        Left.Forget(member.Key);
        if (member.State == MemberState.Ready)
        {
            Serving.Add(member.Key);
        }
        else
        {
            Serving.Remove(member.Key);
        }
    }

    public void Remove(MemberKey key)
    {
        _members.Remove(key);
        Serving.Remove(key);
    }

    /// <summary>Those of a proxy's list of whom nothing is known here. Whose address another name of its set has by now only has another name.</summary>
    /// <param name="listed">One a key.</param>
    public List<Member> Missing(IReadOnlyList<Member> listed)
    {
        var addresses = _members.Values.Select(static member => (member.Key.Set, member.Uri)).ToHashSet();
        return listed.Where(member =>
            !_members.ContainsKey(member.Key) && !addresses.Contains((member.Key.Set, member.Uri)) && !Expiries.Knows(NameOf(member.Key)) && !Left.Knows(member.Key)).ToList();
    }

    /// <summary>The origin gave a sign of life, and has told nothing else: it is the same membership, by which nobody may be doubted any longer.</summary>
    public void Hear() => _current = _current! with { Heard = Expiries.HeardAt };

    /// <summary>Makes a membership of what is known now.</summary>
    /// <param name="rejected">The records that cannot be used.</param>
    /// <param name="warnings"><inheritdoc cref="Membership.Warnings"/></param>
    /// <param name="savedOnly"><inheritdoc cref="Membership.SavedOnly"/></param>
    public void Publish(IReadOnlyList<RejectedRecord> rejected, IReadOnlyList<SourceWarning>? warnings = null, IReadOnlyList<string>? savedOnly = null) => _current = new Membership(++Revision, [.. _members.Values.OrderBy(static member => member.Key)], rejected)
    {
        Expired = Expiries.All(isBack: false),
        Returned = Expiries.All(isBack: true),
        Left = Left.All,
        SavedOnly = savedOnly ?? [],
        Records = _members.Count + rejected.Count,
        Heard = Expiries.HeardAt,
        Warnings = warnings ?? [],
    };
}

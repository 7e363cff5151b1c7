using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd.Members;

/// <summary>Members in the order of their keys, kept in it: of ten thousand one changes at a time, and each change is told.</summary>
internal sealed class SortedMembers
{
    private readonly List<Member> _members = [];

    /// <summary>As they are now.</summary>
    public IReadOnlyList<Member> Now => _members.ToArray();

    /// <summary>Adds one, or puts it in the place of the one with its key.</summary>
    public void Put(Member member)
    {
        // A listing comes in about this order.
        if (_members.Count == 0 || _members[^1].Key < member.Key)
        {
            _members.Add(member);
        }
        else if (Find(member.Key) is var place && place >= 0)
        {
            _members[place] = member;
        }
        else
        {
            _members.Insert(~place, member);
        }
    }

    /// <summary>Takes one out.</summary>
    public void Remove(MemberKey key)
    {
        if (Find(key) is var place && place >= 0)
        {
            _members.RemoveAt(place);
        }
    }

    /// <summary>Where it is; where it is not, the complement of where it would be.</summary>
    private int Find(MemberKey key)
    {
        var (low, high) = (0, _members.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            switch (_members[middle].Key.CompareTo(key))
            {
                case 0:
                    return middle;
                case < 0:
                    low = middle + 1;
                    break;
                default:
                    high = middle - 1;
                    break;
            }
        }

        return ~low;
    }
}

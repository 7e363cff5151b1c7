using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>
/// Who gets calls by an own entry in Kamailio's list when a daemon starts was a member before, whatever was saved: what is missing of that in the store's first answer has expired
/// while nobody watched. Once, with the first list that is read after that answer: an entry that comes later, by whoever's hand, makes no member.
/// </summary>
/// <param name="policy">What is managed, and by which mark own entries are known.</param>
/// <param name="seed">Told of them; answers whether the membership is another one now.</param>
internal sealed class ListedBefore(PlanPolicy policy, Func<IReadOnlyList<Member>, bool> seed)
{
    private bool _isOver;

    /// <summary>Takes note of a list, before anything is planned by it.</summary>
    /// <param name="membership">The membership that it is to be compared with. One that was saved says nothing yet of who is missing.</param>
    /// <param name="table">The list.</param>
    /// <returns>Whether the membership is another one now.</returns>
    public bool Observe(Membership membership, DispatcherTable table)
    {
        if (_isOver || membership.IsFromSnapshot)
        {
            return false;
        }

        _isOver = true;
        return ListedMember.In(table.Destinations, policy) is { Count: > 0 } listed && seed(listed);
    }
}

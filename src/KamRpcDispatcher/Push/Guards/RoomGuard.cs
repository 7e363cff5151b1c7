using KamailioRpc.Errors;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push.Reading;

namespace KamRpcDispatcher.Push.Guards;

/// <summary>Adds nothing that could not be read back: a list that has grown past what a reply may hold cannot be read at all any more.</summary>
internal sealed class RoomGuard(ListReader lists) : IChangeGuard
{
    /// <summary>The kind of its objections.</summary>
    public const string Kind = "room";

    public async ValueTask<Objection?> ExamineAsync(Change change, DispatcherTable table, CancellationToken cancellationToken)
    {
        try
        {
            return change is not AddDestination add || await lists.HasRoomAsync(add, table.Destinations.Count(entry => entry.Set == add.Set), cancellationToken).ConfigureAwait(false)
                ? null
                : new Objection(
                    ObjectionScope.Additions,
                    Kind,
                    $"Kamailio's list with {table.Destinations.Count} destinations has reached what a reply over {lists.Address} may hold, and there is no other way to read it: nothing is added until there is room, and what is disabled is removed before its time. {ListTooLongException.AnotherWay(lists.Address)}");
        }
        catch (KamailioRpcException)
        {
            // Whoever cannot be asked cannot be changed either: the next call says why.
            return null;
        }
    }
}

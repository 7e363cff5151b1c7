using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Reconcile;

/// <summary>Whether every member that is to get no new calls gets none: the one place that reads it off a plan.</summary>
internal static class Silencing
{
    /// <param name="plan">What is still to be done.</param>
    /// <param name="table">The list that the plan was made from.</param>
    public static bool IsInForce(ChangePlan plan, DispatcherTable table) =>
        !plan.Changes.OfType<DisableDestination>().Any() && !plan.Changes.OfType<RemoveDestination>().Any(remove => IsLastResort(remove, plan, table));

    /// <summary>Several copies of one text cannot be disabled, and so are removed while they take calls. A replacement puts its own back.</summary>
    private static bool IsLastResort(RemoveDestination remove, ChangePlan plan, DispatcherTable table) =>
        table.Destinations.Any(entry => entry.Set == remove.Set && entry.Uri == remove.Uri && entry.State != ListedState.Disabled)
        && !plan.Changes.OfType<AddDestination>().Any(add => add.Set == remove.Set && add.Uri == remove.Uri);
}

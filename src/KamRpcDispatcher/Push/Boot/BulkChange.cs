using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push.Boot;

/// <summary>Many changes that are made by one.</summary>
/// <param name="Changes">All of them.</param>
/// <param name="Adds">What they add.</param>
/// <param name="Before">The list that they were planned for.</param>
internal sealed record BulkChange(IReadOnlyList<Change> Changes, IReadOnlyList<AddDestination> Adds, DispatcherTable Before);

/// <summary>What became of it.</summary>
internal enum BulkResult
{
    /// <summary>Kamailio has loaded the list.</summary>
    Made,

    /// <summary>Somebody changes the list meanwhile: it is planned anew.</summary>
    Later,

    /// <summary>It cannot be done, and nothing was changed.</summary>
    Failed,
}

using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Plan;

/// <summary>Collects what the sets need, phase by phase.</summary>
internal sealed class ChangePlanBuilder
{
    public List<EnableDestination> Enables { get; } = [];

    public List<AddDestination> Adds { get; } = [];

    public List<DisableDestination> Disables { get; } = [];

    public List<RemoveDestination> Silencings { get; } = [];

    public List<Replacement> Replacements { get; } = [];

    public List<RemoveDestination> Removes { get; } = [];

    public List<Skip> Skips { get; } = [];

    public ChangePlan Build() => new()
    {
        Enables = Enables,
        Adds = InTurn(Adds),
        Disables = Disables,
        Silencings = Silencings,
        Replacements = Replacements,
        Removes = Removes,
        Skips = Skips,
    };

    /// <summary>Set by set in turn: each has somebody for its calls before any has its second. What never gets calls comes last.</summary>
    private static List<AddDestination> InTurn(IEnumerable<AddDestination> adds) =>
    [
        .. adds.GroupBy(static add => add.Set)
            .SelectMany(static set => set.Select(static (add, index) => (Add: add, Index: index)))
            .OrderBy(static turn => (turn.Add.Flags & DestinationFlags.Disabled) != 0)
            .ThenBy(static turn => turn.Index)
            .Select(static turn => turn.Add),
    ];
}

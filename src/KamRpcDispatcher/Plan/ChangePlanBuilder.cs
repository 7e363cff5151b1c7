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
        Adds = Adds,
        Disables = Disables,
        Silencings = Silencings,
        Replacements = Replacements,
        Removes = Removes,
        Skips = Skips,
    };
}

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>Something that goes wrong, and is over when the task ends.</summary>
/// <param name="Name">What is printed.</param>
/// <param name="Target">The server that it happens to; never two to one at once.</param>
/// <param name="Happen">Lets it happen.</param>
internal sealed record Disturbance(string Name, string Target, Func<ChaosFleet, Random, Task> Happen)
{
    /// <summary>Calls cannot get through meanwhile, whatever the dispatcher does.</summary>
    public bool StopsCalls { get; init; }

    /// <summary>Happens before the members of the round begin to change, with nothing changing in Kamailio.</summary>
    public bool NeedsQuiet { get; init; }
}

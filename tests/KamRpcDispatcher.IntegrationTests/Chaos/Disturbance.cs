namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>Something that goes wrong, and is over when the task ends.</summary>
/// <param name="Name">What is printed.</param>
/// <param name="Target">The server that it happens to; never two to one at once.</param>
/// <param name="Happen">Lets it happen.</param>
internal sealed record Disturbance(string Name, string Target, Func<ChaosFleet, Random, Task> Happen)
{
    /// <summary>Calls cannot get through meanwhile, whatever the dispatcher does: Kamailio is down, overloaded or out of memory.</summary>
    public bool StopsCalls { get; init; }

    /// <summary>Part of the long form only: the short one is for every run of the tests.</summary>
    public bool IsForLongForm { get; init; }

    /// <summary>What is done when everything has been compared, with nothing changing in Kamailio: the disturbance is to be there until then.</summary>
    public Func<ChaosFleet, Task>? Undo { get; init; }

    /// <summary>Happens before the members of the round begin to change, with nothing changing in Kamailio.</summary>
    public bool NeedsQuiet { get; init; }
}

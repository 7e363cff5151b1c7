namespace KamRpcDispatcher.Processes;

/// <summary>In what way a process can read the dispatcher's table.</summary>
internal enum TableAccess
{
    /// <summary>Not at all: it runs no route, no timer and no command. Nobody waits for it.</summary>
    None,

    /// <summary>Only where an event route that it runs calls the dispatcher's functions.</summary>
    EventRoutes,

    /// <summary>It runs routes for requests or tasks, with everything that they may call. What is not known counts as this.</summary>
    Routes,

    /// <summary>It runs RPC commands, such as <c>dispatcher.list</c>.</summary>
    Rpc,

    /// <summary>It runs the module's own timers where the configuration says so.</summary>
    SecondarySweeps,

    /// <summary>It runs the module's own timers: a ping sweep sends and resolves names while it holds the table.</summary>
    Sweeps,
}

/// <summary>A kind of Kamailio's processes: how it rests, and what it can do with the table.</summary>
/// <param name="Description">What <c>core.psx</c> calls it, or how that begins.</param>
/// <param name="Access">How it can read the table.</param>
/// <param name="Rests">Where it waits when it has nothing to do, whatever the configuration.</param>
internal sealed record ProcessKind(string Description, TableAccess Access, KernelWait Rests)
{
    /// <summary>Whether the description goes on: with a number, a socket, a name.</summary>
    public bool IsPrefix { get; init; }

    /// <summary>Whether it is in the table of kinds; what is not is taken for one that runs routes, and rests wherever any does.</summary>
    public bool IsKnown { get; init; } = true;

    /// <summary>Whether it rests in a lock, so that a long wait there counts: nobody has a lock of the table for that long.</summary>
    public bool RestsInLock { get; init; }
}

using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Fleets;

/// <summary>How a <see cref="Fleet"/> is put together.</summary>
internal sealed record FleetOptions
{
    /// <summary>By default its pings come too late to find anybody dead: at many of the addresses nobody is.</summary>
    public KamailioOptions? Kamailio { get; init; }

    /// <summary>Added to <c>kamrpc dispatch</c>.</summary>
    public string[] Dispatch { get; init; } = [];

    /// <summary>A program and its arguments that start the dispatcher, with other rights say; none for nobody.</summary>
    public string[] Starter { get; init; } = [];

    /// <summary>Whether what has left stays in the list as long as it does by default, in place of not at all.</summary>
    public bool HasDefaultRemovalDelay { get; init; }

    /// <summary>Called for each line of the dispatcher's log, over all its starts.</summary>
    public Action<string>? OnDispatcherLine { get; init; }

    /// <summary>Puts a relay between the dispatcher and Kamailio, whose faults this seed decides.</summary>
    public int? RelaySeed { get; init; }
}

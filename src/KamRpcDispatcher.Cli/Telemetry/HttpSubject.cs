using KamRpcDispatcher.Cli.Page;
using KamRpcDispatcher.Telemetry;

namespace KamRpcDispatcher.Cli.Telemetry;

/// <summary>Whether calls should come here.</summary>
/// <param name="IsReady">Whether they should.</param>
/// <param name="Text">The same in one line.</param>
/// <param name="Json">The same for programs.</param>
internal sealed record Readiness(bool IsReady, string Text, string Json);

/// <summary>What a program tells over HTTP; what is null is not there.</summary>
internal sealed record HttpSubject
{
    /// <summary>The metrics in Prometheus' text format; null while there are none yet.</summary>
    public Func<byte[]?>? Metrics { get; init; }

    /// <summary>Whether every loop still comes round.</summary>
    public required Func<bool> IsAlive { get; init; }

    /// <summary>Whether calls should come here, by some sets or by all (null).</summary>
    public Func<IReadOnlySet<int>?, Readiness>? Ready { get; init; }

    /// <summary>Whether an address is a member of a set that gets calls; null where that is not told.</summary>
    public Func<int, string, AddressCheck>? Check { get; init; }

    /// <summary>The page; null where there is none.</summary>
    public PageAnswers? Page { get; init; }
}

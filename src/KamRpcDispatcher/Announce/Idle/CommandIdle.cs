using KamRpcDispatcher.Probe;
using KamRpcDispatcher.Probe.Command;

namespace KamRpcDispatcher.Announce.Idle;

/// <summary>Idle when a command says so: it exits with 0 when there are no calls, with anything else when there are.</summary>
/// <param name="command">What runs it; an exit code of 0 is <see cref="ProbeVerdict.Alive"/>.</param>
public sealed class CommandIdle(CommandProbe command) : IIdleCheck
{
    public bool Counts => false;

    public async Task<Idleness> CheckAsync(CancellationToken cancellationToken)
    {
        var outcome = await command.ProbeAsync(cancellationToken).ConfigureAwait(false);
        return new Idleness(outcome.Verdict == ProbeVerdict.Alive, $"the command says: {outcome.Reason}");
    }
}

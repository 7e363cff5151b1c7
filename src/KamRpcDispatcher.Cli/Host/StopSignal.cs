using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Cli.Host;

/// <summary>A token that SIGTERM and SIGINT cancel: the first one has a command leave in order, the second one has it make haste.</summary>
/// <remarks>SIGHUP ends a command that answers; what it is to a daemon <see cref="DaemonLife"/> says.</remarks>
internal sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly int _which;
    private readonly CancellationToken _leaves;
    private readonly PosixSignalRegistration[] _registrations;
    private int _signals;

    /// <param name="which">The signal that counts: 1 for the first, 2 for the second.</param>
    /// <param name="leaves">Cancelled when the command leaves for another reason than such a signal: the next one counts then.</param>
    public StopSignal(int which = 1, CancellationToken leaves = default)
    {
        (_which, _leaves) = (which, leaves);
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Take),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Take),
        ];
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    internal void Count()
    {
        if (Interlocked.Increment(ref _signals) < _which && !_leaves.IsCancellationRequested)
        {
            return;
        }

        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The command has just ended by itself.
        }
    }

    private void Take(PosixSignalContext context)
    {
        context.Cancel = true;
        Count();
    }
}

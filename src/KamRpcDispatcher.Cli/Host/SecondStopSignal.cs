using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Cli.Host;

/// <summary>A token that the second SIGTERM or SIGINT cancels: whoever leaves in order is asked to hurry.</summary>
internal sealed class SecondStopSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly CancellationToken _leaves;
    private readonly PosixSignalRegistration[] _registrations;
    private int _signals;

    /// <param name="leaves">Cancelled when it leaves for another reason than such a signal: the first one is the second request then.</param>
    public SecondStopSignal(CancellationToken leaves)
    {
        _leaves = leaves;
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
        if (Interlocked.Increment(ref _signals) <= 1 && !_leaves.IsCancellationRequested)
        {
            return;
        }

        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just left.
        }
    }

    private void Take(PosixSignalContext context)
    {
        context.Cancel = true;
        Count();
    }
}

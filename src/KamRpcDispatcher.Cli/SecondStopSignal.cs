using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Cli;

/// <summary>A token that the second SIGTERM or SIGINT cancels: whoever leaves in order is asked to hurry.</summary>
internal sealed class SecondStopSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _signals;

    public SecondStopSignal() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Count),
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Count),
    ];

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void Count(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _signals) <= 1)
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
}

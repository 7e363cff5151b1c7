using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Cli;

/// <summary>A token that SIGTERM and SIGINT cancel, so that a command can leave in order.</summary>
/// <remarks>SIGHUP ends a command that answers, and no daemon (<see cref="StayOnHangup"/>): the terminal that it was started from is nobody who stops it.</remarks>
internal sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    public StopSignal() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop),
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
    ];

    public CancellationToken Token => _source.Token;

    /// <summary>Ignores SIGHUP. There is nothing to read anew: certificates and passwords are read again by themselves.</summary>
    public static IDisposable StayOnHangup() => PosixSignalRegistration.Create(PosixSignal.SIGHUP, static context => context.Cancel = true);

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The command has just ended by itself.
        }
    }
}

using System.Net.Sockets;

namespace KamRpcDispatcher.Probe;

/// <summary>Looks whether a port takes connections; nothing is sent.</summary>
/// <param name="host">A name or an address, without brackets.</param>
/// <param name="port">1 to 65535.</param>
/// <param name="timeout">For the name and the connection.</param>
public sealed class TcpProbe(string host, int port, TimeSpan timeout) : IProbe
{
    private static readonly ProbeOutcome Connected = ProbeOutcome.Alive("connected");

    public async Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var alarm = new Alarm(timeout, TimeProvider.System, cancellationToken);
        try
        {
            // Of both families where the machine has both, so that each address of a name is tried.
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(host, port, alarm.Token).ConfigureAwait(false);
            return Connected;
        }
        catch (Exception exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ProbeOutcome.Dead(alarm.Token.IsCancellationRequested ? FailureText.Within("no connection", timeout) : FailureText.Of(exception));
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

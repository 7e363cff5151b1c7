using System.Net.Sockets;
using KamailioRpc;

namespace KamRpcDispatcher.Probe;

/// <summary>Looks whether a port takes connections; nothing is sent.</summary>
/// <param name="host">A name or an address, without brackets.</param>
/// <param name="port">1 to 65535.</param>
/// <param name="timeout">For the name and the connection.</param>
/// <param name="resolver">Replaces that of the process in tests.</param>
public sealed class TcpProbe(string host, int port, TimeSpan timeout, NameResolver? resolver = null) : IProbe
{
    private static readonly ProbeOutcome Connected = ProbeOutcome.Alive("connected");

    public async Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var alarm = new Alarm(timeout, TimeProvider.System, cancellationToken);
        var names = resolver ?? NameResolver.Shared;
        var missing = string.Empty;
        try
        {
            missing = "no address for the name";
            var addresses = await names.FindAsync(host, TimeSpan.Zero, alarm.Token).ConfigureAwait(false);

            // Of both families where the machine has both, so that each address of a name is tried.
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            missing = "no connection";
            await socket.ConnectAsync(addresses, port, alarm.Token).ConfigureAwait(false);
            return Connected;
        }
        catch (Exception exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ProbeOutcome.Dead(alarm.Token.IsCancellationRequested ? FailureText.Within(missing, timeout) : FailureText.Of(exception));
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

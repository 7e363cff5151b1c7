using System.Net.Sockets;
using KamailioRpc;

namespace KamRpcDispatcher.Probe;

/// <summary>Checks whether a port takes connections; nothing is sent.</summary>
/// <param name="host">A name or an address, without brackets.</param>
/// <param name="port">1 to 65535.</param>
/// <param name="timeout">For the name and the connection.</param>
/// <param name="resolver">Replaces that of the process in tests.</param>
public sealed class TcpProbe(string host, int port, TimeSpan timeout, NameResolver? resolver = null) : IProbe
{
    private const string NoAddress = "no address for the name";

    private static readonly ProbeOutcome Connected = ProbeOutcome.Alive("connected");

    public TimeSpan Timeout => timeout;

    public async Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var limit = new LinkedTimeout(timeout, TimeProvider.System, cancellationToken);
        var names = resolver ?? NameResolver.Shared;
        var missing = string.Empty;
        try
        {
            missing = NoAddress;
            var addresses = await names.FindAsync(host, TimeSpan.Zero, limit.Token).ConfigureAwait(false);

            // Of both families where the machine has both, so that each address of a name is tried.
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            missing = "no connection";
            await socket.ConnectAsync(addresses, port, limit.Token).ConfigureAwait(false);
            return Connected;
        }
        catch (Exception exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return !limit.Token.IsCancellationRequested ? ProbeOutcome.Of(exception)
                : missing == NoAddress ? ProbeOutcome.Unknown(FailureText.Within(missing, timeout))
                : ProbeOutcome.Dead(FailureText.Within(missing, timeout));
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

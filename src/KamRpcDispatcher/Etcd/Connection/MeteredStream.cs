using System.Net.Sockets;

namespace KamRpcDispatcher.Etcd.Connection;

/// <summary>A connection of TCP that counts what comes, below TLS if there is TLS.</summary>
/// <param name="socket">Connected; owned from here on.</param>
/// <param name="received">Told of every byte that came, from the thread that reads.</param>
internal sealed class MeteredStream(Socket socket, Action<int> received) : NetworkStream(socket, ownsSocket: true)
{
    /// <summary>The first byte that came; null while none has.</summary>
    public byte? First { get; private set; }

    /// <summary>Told of the first bytes that come; an exception of its own is that of the reader.</summary>
    public Func<ReadOnlyMemory<byte>, CancellationToken, Task>? Begun { get; set; }

    /// <summary>Asked why, when the other side ends it before it has sent anything; an exception of its own is that of the reader.</summary>
    public Func<CancellationToken, Task>? EndedAtOnce { get; set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        try
        {
            read = await base.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException reset) when (First is null && EndedAtOnce is not null && reset.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            await EndedAtOnce(cancellationToken).ConfigureAwait(false);
            throw;
        }

        // Who has no room asks whether something is there.
        if (buffer.Length > 0 && read == 0 && First is null && EndedAtOnce is not null)
        {
            await EndedAtOnce(cancellationToken).ConfigureAwait(false);
        }

        if (read > 0)
        {
            received(read);
            if (First is null)
            {
                First = buffer.Span[0];
                if (Begun is not null)
                {
                    await Begun(buffer[..read], cancellationToken).ConfigureAwait(false);
                }
            }
        }

        return read;
    }
}

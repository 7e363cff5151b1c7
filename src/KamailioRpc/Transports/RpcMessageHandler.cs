using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamailioRpc.Transports;

/// <summary>A connection as StreamJsonRpc sees it. It waits for a write to end before it closes one; <see cref="Abort"/> ends the write.</summary>
internal abstract class RpcMessageHandler(IJsonRpcMessageFormatter formatter) : MessageHandlerBase(formatter)
{
    private readonly CancellationTokenSource _life = new();

    public override bool CanRead => true;

    public override bool CanWrite => true;

    /// <summary>Whether Kamailio still finds where it has to reply to.</summary>
    public virtual bool CanBeReplied => true;

    /// <summary>Why replies may not come, and what helps; null where nothing is known that keeps them.</summary>
    public virtual string? Doubt => null;

    /// <summary>Cancelled when the connection is given up.</summary>
    protected CancellationToken Life => _life.Token;

    /// <summary>Ends what is being written, however long a peer that does not read would let it wait. From any thread.</summary>
    public void Abort() => _life.Cancel();

    protected sealed override async ValueTask WriteCoreAsync(JsonRpcMessage content, CancellationToken cancellationToken)
    {
        if (!cancellationToken.CanBeCanceled)
        {
            await SendAsync(content, Life).ConfigureAwait(false);
            return;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(Life, cancellationToken);
        await SendAsync(content, either.Token).ConfigureAwait(false);
    }

    protected override ValueTask FlushAsync(CancellationToken cancellationToken) => default;

    protected abstract ValueTask SendAsync(JsonRpcMessage request, CancellationToken cancellationToken);
}

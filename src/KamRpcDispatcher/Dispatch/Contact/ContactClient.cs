using KamailioRpc;
using KamailioRpc.Connections;
using KamailioRpc.Errors;

namespace KamRpcDispatcher.Dispatch.Contact;

/// <summary>Calls Kamailio, and tells the watch of what comes of each call.</summary>
internal sealed class ContactClient(IRpcClient inner, ContactWatch watch) : IRpcClient
{
    public KamailioAddress Address => inner.Address;

    public string InstanceToken => inner.InstanceToken;

    public Unanswered? Unanswered => inner.Unanswered;

    public async Task<RpcResult> InvokeAsync(string method, IReadOnlyList<object?> arguments, CancellationToken cancellationToken)
    {
        var call = watch.Sent();
        try
        {
            var result = await inner.InvokeAsync(method, arguments, cancellationToken).ConfigureAwait(false);
            watch.Answered(call);
            return result;
        }
        catch (KamailioFaultException)
        {
            watch.Answered(call);
            throw;
        }
        catch (KamailioRpcException exception) when (exception is not KamailioUnsafeRequestException)
        {
            watch.Failed(call, exception);
            throw;
        }
        finally
        {
            watch.GivenUp(call);
        }
    }

    /// <summary>Whoever made the inner client ends it.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

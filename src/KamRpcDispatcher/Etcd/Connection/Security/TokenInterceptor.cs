using Etcdserverpb;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace KamRpcDispatcher.Etcd.Connection.Security;

/// <summary>Sends the user's token with every call, and has another one given when etcd takes it no longer.</summary>
/// <param name="token">The user's.</param>
/// <param name="client">Gives tokens, without this.</param>
/// <remarks>
/// dotnet-etcd's own handler fails every call while the server's authentication is off, keeps a token by the wall clock, leaves it to the
/// caller to repeat the call for which it had expired, and does not see over TLS that it has: etcd sends the status in trailers there.
/// </remarks>
internal sealed class TokenInterceptor(EtcdToken token, Auth.AuthClient client) : Interceptor
{
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
        new AsyncUnaryCall<TResponse>(CallAsync(request, context, continuation), Task.FromResult(new Metadata()), static () => Status.DefaultSuccess, static () => [], static () => { });

    /// <summary>A stream cannot wait for a token, nor be repeated here: it takes the one of the plain calls before it.</summary>
    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(With(context, token.Current));

    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        where TRequest : class
        where TResponse : class
    {
        var sent = await token.GetAsync(client, context.Options.CancellationToken).ConfigureAwait(false);
        try
        {
            using var call = continuation(request, With(context, sent));
            return await call.ConfigureAwait(false);
        }
        catch (RpcException refused) when (refused.StatusCode is StatusCode.Unauthenticated or StatusCode.InvalidArgument)
        {
            // Unknown or expired; or missing, or of a time before a change of users or roles. The call was not carried out.
            token.Forget(sent);
        }

        var fresh = await token.GetAsync(client, context.Options.CancellationToken).ConfigureAwait(false);
        using var again = continuation(request, With(context, fresh));
        return await again.ConfigureAwait(false);
    }

    private static ClientInterceptorContext<TRequest, TResponse> With<TRequest, TResponse>(ClientInterceptorContext<TRequest, TResponse> context, string current)
        where TRequest : class
        where TResponse : class
    {
        if (current.Length == 0)
        {
            return context;
        }

        var headers = new Metadata { { "authorization", current } };
        foreach (var header in context.Options.Headers ?? [])
        {
            headers.Add(header);
        }

        return new(context.Method, context.Host, context.Options.WithHeaders(headers));
    }
}

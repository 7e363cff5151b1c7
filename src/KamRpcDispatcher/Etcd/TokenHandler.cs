using System.Globalization;
using Etcdserverpb;
using Grpc.Core;

namespace KamRpcDispatcher.Etcd;

/// <summary>Sends the user's token with every call, and has another one given when etcd takes it no longer.</summary>
/// <remarks>
/// dotnet-etcd's own handler fails every call while the server's authentication is off, keeps a token by the wall clock, and leaves it to
/// the caller to repeat the call for which it had expired.
/// </remarks>
internal sealed class TokenHandler(HttpMessageHandler inner, EtcdToken token, Func<Auth.AuthClient> client) : DelegatingHandler(inner)
{
    private const string Header = "authorization";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri!.AbsolutePath.EndsWith("/Authenticate", StringComparison.Ordinal))
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }

        var sent = await AttachAsync(request, cancellationToken).ConfigureAwait(false);
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (!IsRefused(response))
        {
            return response;
        }

        token.Forget(sent);
        if (IsStream(request))
        {
            // What was written to it is gone; its reader opens another.
            return response;
        }

        // Refused before it was carried out, so that it can be sent again.
        response.Dispose();
        await AttachAsync(request, cancellationToken).ConfigureAwait(false);
        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async Task<string> AttachAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var current = await token.GetAsync(client(), cancellationToken).ConfigureAwait(false);
        request.Headers.Remove(Header);
        if (current.Length > 0)
        {
            request.Headers.TryAddWithoutValidation(Header, current);
        }

        return current;
    }

    /// <summary>A token that is unknown or has expired is Unauthenticated; a missing one, and one from before a change of users or roles, is InvalidArgument.</summary>
    private static bool IsRefused(HttpResponseMessage response) =>
        response.Headers.TryGetValues("grpc-status", out var status)
        && int.TryParse(status.First(), CultureInfo.InvariantCulture, out var code)
        && (StatusCode)code is StatusCode.Unauthenticated or StatusCode.InvalidArgument;

    private static bool IsStream(HttpRequestMessage request) =>
        request.RequestUri!.AbsolutePath is "/etcdserverpb.Watch/Watch" or "/etcdserverpb.Lease/LeaseKeepAlive";
}

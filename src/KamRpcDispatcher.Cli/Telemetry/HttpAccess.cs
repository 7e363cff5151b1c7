using System.Net;
using Microsoft.AspNetCore.Http;

namespace KamRpcDispatcher.Cli.Telemetry;

/// <summary>Who may ask over HTTP, and how: to read, without a body, from where and with what the options say.</summary>
internal sealed class HttpAccess(MetricsExposure exposure)
{
    /// <summary>Why a request is not answered: the status and a line; null where it is.</summary>
    /// <param name="context">The request.</param>
    /// <param name="needsToken">Whether it asks for something that the token is for: the page itself, which is the same for everybody, asks for the token with which it gets what it shows.</param>
    public (int Status, string Text)? WhyNot(HttpContext context, bool needsToken = true)
    {
        var request = context.Request;
        var from = context.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : context.Connection.RemoteIpAddress;
        if (!IsAllowed(from))
        {
            return (StatusCodes.Status403Forbidden, $"{from} is in no network of --metrics-allow");
        }

        // A page of somebody else's in a browser on this machine asks under its own name.
        if (exposure.Address is { } address && IPAddress.IsLoopback(address.Address) && !IsOwnName(request.Host.Host))
        {
            return (StatusCodes.Status421MisdirectedRequest, "here only localhost and this machine's loopback addresses are answered, by those names");
        }

        if (needsToken && exposure.Token is { } token && !token.IsShownBy(request.Headers.Authorization))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return (StatusCodes.Status401Unauthorized, "show the token of --metrics-token-file: Authorization: Bearer TOKEN");
        }

        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return (StatusCodes.Status405MethodNotAllowed, "nothing is changed over HTTP: GET and HEAD only");
        }

        return request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0 ? (StatusCodes.Status413PayloadTooLarge, "no request here has a body") : null;
    }

    private bool IsAllowed(IPAddress? from) =>
        exposure.Allowed.Count == 0 || (from is not null && (IPAddress.IsLoopback(from) || exposure.Allowed.Any(network => network.Contains(from))));

    private static bool IsOwnName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}

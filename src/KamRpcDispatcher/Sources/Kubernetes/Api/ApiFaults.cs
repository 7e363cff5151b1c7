using System.Globalization;
using System.Net;
using System.Security.Authentication;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Kubernetes.Access;

namespace KamRpcDispatcher.Sources.Kubernetes.Api;

/// <summary>Says in a sentence why an API server cannot be asked, and what to do. Pure.</summary>
internal static class ApiFaults
{
    /// <summary>What .NET says where the cause stands in the exception within.</summary>
    private const string NoCause = "see inner exception";

    /// <summary>What .NET says of an answer that has begun.</summary>
    private const string InTheMiddle = "copying content";

    /// <summary>Whether it is one that passes, or somebody mends: it is tried again.</summary>
    public static bool IsOutage(Exception exception) =>
        exception is KubernetesApiException or HttpRequestException or IOException or AuthenticationException or InvalidDataException or OperationCanceledException;

    /// <summary>Whether somebody has to mend something before it can go on; how a server cannot be reached changes all the time.</summary>
    public static bool IsToBeMended(Exception exception) => exception is KubernetesApiException { IsRefusal: true } or InvalidDataException || IsOfTls(exception);

    /// <param name="exception">What was thrown.</param>
    /// <param name="access">Who was asked, and how; null where that could not be read.</param>
    /// <param name="space">The namespace that was asked for.</param>
    /// <param name="proxy">What stands between; null for what the environment says.</param>
    public static string Describe(Exception exception, ClusterAccess? access, string space, IWebProxy? proxy = null) => exception switch
    {
        KubernetesApiException { Code: HttpStatusCode.Unauthorized } => $"the API server does not know who asks: {exception.Message}; the token of {access?.TokenFile ?? access?.Origin} is not good, or has expired",
        KubernetesApiException { Code: HttpStatusCode.Forbidden } => string.Create(CultureInfo.InvariantCulture, $"the API server refuses: {exception.Message}; it takes a Role in the namespace {space} with get, list and watch on endpointslices of discovery.k8s.io, and a RoleBinding"),
        KubernetesApiException { Code: HttpStatusCode.NotFound } => $"the API server has no EndpointSlices: {exception.Message}; it takes Kubernetes 1.21 or later",
        HttpRequestException or AuthenticationException when IsOfTls(exception) => OfTls(CauseOf(exception), access) + By(access, proxy),
        HttpRequestException { InnerException: IOException broken } when exception.Message.Contains(InTheMiddle, StringComparison.Ordinal) => $"the API server's answer broke off: {broken.Message.TrimEnd('.')}{By(access, proxy)}",
        HttpRequestException { InnerException: { } inner } when !exception.Message.Contains(inner.Message, StringComparison.Ordinal) => $"{exception.Message.TrimEnd('.')}: {inner.Message.TrimEnd('.')}{By(access, proxy)}",
        HttpRequestException => exception.Message.TrimEnd('.') + By(access, proxy),
        _ => exception.Message,
    };

    private static bool IsOfTls(Exception exception) => exception is AuthenticationException or HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError };

    private static string CauseOf(Exception exception)
    {
        var cause = exception;
        while (cause.InnerException is { } inner && (ReferenceEquals(cause, exception) || cause.Message.Contains(NoCause, StringComparison.Ordinal)))
        {
            cause = inner;
        }

        return cause.Message.TrimEnd('.');
    }

    private static string OfTls(string cause, ClusterAccess? access)
    {
        var whose = access?.Owner ?? "the kubeconfig";
        return cause.Contains("RemoteCertificateNameMismatch", StringComparison.Ordinal)
                ? $"the API server's certificate is not for {access?.TlsServerName ?? access?.Server.Host}: give as tls-server-name in {whose} a name that it is for, or the server by that ({cause})"
            : cause.Contains("NotTimeValid", StringComparison.Ordinal)
                ? $"the API server's certificate, or that of who signed it, has expired or is not valid yet: renew it, or set the clock right ({cause})"
            : cause.Contains("certificate", StringComparison.Ordinal)
                ? $"the API server's certificate is of nobody who is trusted: give as certificate-authority in {whose} who signed it; it is {AuthorityOf(access)} now ({cause})"
            : $"no TLS with the API server: is it HTTPS that is spoken at {access?.Server.Authority}? ({cause})";
    }

    private static string AuthorityOf(ClusterAccess? access) =>
        access?.AuthorityFile is { } file ? $"'{file}'" : access?.Authority is not null ? "what certificate-authority-data has" : "whom the system trusts";

    /// <summary>Where a proxy is asked in the server's place, it may be what fails.</summary>
    private static string By(ClusterAccess? access, IWebProxy? given)
    {
        var proxy = given ?? HttpClient.DefaultProxy;
        return access is not null && !proxy.IsBypassed(access.Server) && proxy.GetProxy(access.Server) is { } address && address != access.Server
            ? $", by the proxy {SafeText.Shorten(address.Authority)} (HTTPS_PROXY; NO_PROXY takes out {access.Server.Host})"
            : string.Empty;
    }
}

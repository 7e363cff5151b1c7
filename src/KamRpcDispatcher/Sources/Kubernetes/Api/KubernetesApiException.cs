using System.Net;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources.Kubernetes.Api;

/// <summary>The API server refuses something.</summary>
/// <param name="status">What it says.</param>
/// <param name="code">The status code of HTTP.</param>
/// <param name="retryAfter">How long it asks to be left alone; null for nothing said.</param>
internal sealed class KubernetesApiException(ApiStatus status, HttpStatusCode code, TimeSpan? retryAfter = null) : Exception(Describe(status, code))
{
    private const int LongestMessage = 300;

    public HttpStatusCode Code { get; } = status.Code is { } told ? (HttpStatusCode)told : code;

    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Whether the version that was asked for is forgotten, so that all has to be listed anew.</summary>
    public bool IsGone => Code == HttpStatusCode.Gone || status.Reason is "Expired" or "Gone";

    /// <summary>Whether somebody has to mend something before it can go on.</summary>
    public bool IsRefusal => Code is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or (>= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest);

    private static string Describe(ApiStatus status, HttpStatusCode code) =>
        $"{SafeText.Shorten(string.IsNullOrEmpty(status.Message) ? "no message" : status.Message, LongestMessage)} ({status.Code ?? (int)code}{(status.Reason is { Length: > 0 } reason ? " " + SafeText.Shorten(reason) : string.Empty)})";
}

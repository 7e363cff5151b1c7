using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Kubernetes.Access;

namespace KamRpcDispatcher.Sources.Kubernetes.Api;

/// <summary>Lists and watches the EndpointSlices of a Service. Certificates are read anew for each instance, and the token for each request.</summary>
/// <param name="access">The API server, and who asks it.</param>
/// <param name="times">How long it may take, and be silent.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class EndpointSliceApi(ClusterAccess access, WatchTimes times, TimeProvider timeProvider) : IDisposable
{
    /// <summary>Slices of one page: 100 endpoints each, as the cluster makes them, are some 4 MB.</summary>
    internal const int PageSize = 100;

    /// <summary>The longest page, in bytes.</summary>
    private const int LongestPage = 64 * 1024 * 1024;

    private const int LongestLocation = 100;

    private readonly HttpClient _client = MakeClient(access, times);

    public void Dispose() => _client.Dispose();

    /// <summary>All slices of a Service, as they are at one version.</summary>
    /// <exception cref="KubernetesApiException">The API server refuses, or has forgotten the version between two pages.</exception>
    public async Task<(IReadOnlyList<EndpointSlice> Slices, string Version)> ListAsync(string space, string service, CancellationToken cancellationToken)
    {
        var slices = new List<EndpointSlice>();
        string? next = null;
        while (true)
        {
            using var limit = new CancellationTokenSource(times.Answer, timeProvider);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            var query = $"limit={PageSize}{(next is null ? string.Empty : "&continue=" + Uri.EscapeDataString(next))}";
            var page = await ListPageAsync(space, service, query, both.Token, cancellationToken).ConfigureAwait(false);
            slices.AddRange((page.Items ?? []).OfType<EndpointSlice>());
            if (page.Metadata?.Continue is { Length: > 0 } more)
            {
                next = more;
                continue;
            }

            return (slices, page.Metadata?.ResourceVersion is { Length: > 0 } version ? version : throw new InvalidDataException("the list of EndpointSlices has no resourceVersion: this is not an API server of Kubernetes"));
        }
    }

    /// <summary>Watches the slices of a Service from a version on.</summary>
    /// <exception cref="KubernetesApiException">The API server refuses, or has forgotten that version.</exception>
    public async Task<WatchLines> WatchAsync(string space, string service, string version, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(times.Answer, timeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var seconds = ((int)times.Watch.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var query = $"watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={Uri.EscapeDataString(version)}";
        var response = await SendAsync(space, service, query, HttpCompletionOption.ResponseHeadersRead, both.Token, cancellationToken).ConfigureAwait(false);
        try
        {
            return new WatchLines(response, await response.Content.ReadAsStreamAsync(both.Token).ConfigureAwait(false), times.Silence, timeProvider);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private static HttpClient MakeClient(ClusterAccess access, WatchTimes times)
    {
        var handler = new SocketsHttpHandler
        {
            SslOptions = access.ReadTls(),
            ConnectTimeout = times.Answer,
            AllowAutoRedirect = false,
            UseCookies = false,

            // A connection of which nobody tells that it is gone shows by the pings of HTTP/2; one of HTTP/1.1 by its silence.
            KeepAlivePingDelay = times.Ping,
            KeepAlivePingTimeout = times.Ping,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };
        return new HttpClient(handler)
        {
            BaseAddress = access.Server,
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LongestPage,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
    }

    private async Task<EndpointSliceList> ListPageAsync(string space, string service, string query, CancellationToken limited, CancellationToken asked)
    {
        using var response = await SendAsync(space, service, query, HttpCompletionOption.ResponseContentRead, limited, asked).ConfigureAwait(false);
        var content = await response.Content.ReadAsByteArrayAsync(limited).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize(content, KubernetesJson.Default.EndpointSliceList)
                ?? throw new InvalidDataException("the list of EndpointSlices is null");
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"the list of EndpointSlices is no JSON that can be used ({malformed.Message})", malformed);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(string space, string service, string query, HttpCompletionOption completion, CancellationToken limited, CancellationToken asked)
    {
        var selector = Uri.EscapeDataString($"{EndpointSlice.ServiceNameLabel}={service}");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"apis/discovery.k8s.io/v1/namespaces/{Uri.EscapeDataString(space)}/endpointslices?labelSelector={selector}&{query}");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("kamrpc", null));
        if (access.TlsServerName is { } name)
        {
            // What the certificate is held against follows it.
            request.Headers.Host = name;
        }

        if (access.ReadToken() is { } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        HttpResponseMessage response;
        try
        {
            response = await _client.SendAsync(request, completion, limited).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!asked.IsCancellationRequested)
        {
            throw new IOException($"the API server has not answered within {times.Answer.TotalSeconds:0} s");
        }

        if (response.IsSuccessStatusCode && !IsPage(response))
        {
            return response;
        }

        using (response)
        {
            throw response.IsSuccessStatusCode ? new InvalidDataException($"something else than an API server answers at {access.Server.Authority}, with a page in HTML: a proxy, or one to log in") : await RefusalAsync(response, limited).ConfigureAwait(false);
        }
    }

    private static bool IsPage(HttpResponseMessage response) => response.Content.Headers.ContentType?.MediaType == "text/html";

    private static async Task<KubernetesApiException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if ((int)response.StatusCode is >= 300 and < 400)
        {
            var where = SafeText.Shorten(response.Headers.Location?.ToString() ?? "somewhere else", LongestLocation);
            return new KubernetesApiException(new ApiStatus($"the server redirects to {where}, which is not followed: give the address of the API server itself", null, null), response.StatusCode);
        }

        var status = new ApiStatus(IsPage(response) ? $"{response.ReasonPhrase}, in HTML: something else than an API server answers" : response.ReasonPhrase, null, null);
        try
        {
            status = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false), KubernetesJson.Default.ApiStatus) ?? status;
        }
        catch (Exception exception) when (exception is JsonException or HttpRequestException or IOException)
        {
            // A load balancer answers in its own way.
        }

        return new KubernetesApiException(status, response.StatusCode, response.Headers.RetryAfter?.Delta);
    }
}

/// <summary>How long what may take.</summary>
internal sealed record WatchTimes
{
    public static readonly WatchTimes Default = new();

    /// <summary>From a request to its answer; for a watch to the beginning of it.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>When the server is to end a watch, which then begins anew where it was: <c>timeoutSeconds</c>.</summary>
    public TimeSpan Watch { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A watch that has said nothing for so long is broken, since the server was to end it before.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>The time between two pings of HTTP/2, and how long each may take.</summary>
    public TimeSpan Ping { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest pause between two tries.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(10);
}

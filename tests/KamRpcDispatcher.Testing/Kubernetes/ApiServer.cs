using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// The EndpointSlices of an API server of Kubernetes, by HTTPS on a real socket: lists in pages, watches with bookmarks, versions that are forgotten, tokens and rights. Real kubectl lists
/// and watches it. What a test wants to go wrong goes wrong.
/// </summary>
public sealed partial class ApiServer : IAsyncDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly TemporaryFolder _folder = new();
    private readonly WebApplication _server;
    private readonly ConcurrentBag<string> _requests = [];
    private volatile TaskCompletionSource _cut = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _bookmarks;

    private ApiServer(HttpProtocols protocols)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            listen.UseHttps(X509Certificate2.CreateFromPemFile(_certificates.Server.CertificateFile, _certificates.Server.KeyFile), static https =>
            {
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.AllowAnyClientCertificate();
            });
        }));
        _server = builder.Build();
        _server.Run(AnswerAsync);
    }

    public SliceStore Store { get; } = new();

    public string Endpoint => _server.Urls.Single();

    public string AuthorityFile => _certificates.AuthorityFile;

    public TestCertificates Certificates => _certificates;

    /// <summary>The tokens that it takes; who shows a client's certificate needs none.</summary>
    public ConcurrentDictionary<string, bool> Tokens { get; } = new() { ["token-1"] = true };

    /// <summary>What is refused: <c>list voice</c>, <c>watch voice</c>.</summary>
    public ConcurrentDictionary<string, bool> Forbidden { get; } = [];

    /// <summary>The time between two bookmarks of a watch.</summary>
    public TimeSpan BookmarkInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Answers every request so; null for as it should.</summary>
    public (int Code, string Reason)? Trouble { get; set; }

    /// <summary>Answers every watch so; null for as it should.</summary>
    public (int Code, string Reason)? WatchTrouble { get; set; }

    /// <summary>Answers every request in its place, as something that stands between does; null for nobody.</summary>
    public RequestDelegate? Stranger { get; set; }

    /// <summary>Whether each watch ends as soon as it has begun, without a word.</summary>
    public bool EndsWatchesAtOnce { get; set; }

    /// <summary>Whether a watch from a forgotten version is refused by its status, and not by an event: servers do both.</summary>
    public bool RefusesOldWatchAtOnce { get; set; }

    /// <summary>The paths and queries that were asked for, in no order.</summary>
    public IReadOnlyCollection<string> Requests => [.. _requests];

    /// <summary>How many watches there were.</summary>
    public int Watches => _requests.Count(static request => request.Contains("watch=", StringComparison.Ordinal));

    /// <summary>How many bookmarks were sent.</summary>
    public int Bookmarks => Volatile.Read(ref _bookmarks);

    /// <param name="isOld">Whether it speaks HTTP/1.1 only.</param>
    public static async Task<ApiServer> StartAsync(bool isOld = false)
    {
        var server = new ApiServer(isOld ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2);
        await server._server.StartAsync().ConfigureAwait(false);
        return server;
    }

    /// <summary>Ends the watches that there are, without a word.</summary>
    public void CutWatches() => Interlocked.Exchange(ref _cut, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>A kubeconfig file with the token; answers its path.</summary>
    /// <param name="endpoint">Where to find the server; null for where it is.</param>
    /// <param name="user">Fields of the user as YAML, in place of the token.</param>
    public string WriteKubeConfig(string? endpoint = null, string user = "token: token-1")
    {
        var file = _folder.File($"kubeconfig-{Guid.NewGuid():n}");
        File.WriteAllText(file, $$"""
            apiVersion: v1
            kind: Config
            clusters:
            - cluster:
                certificate-authority: {{AuthorityFile}}
                server: {{endpoint ?? Endpoint}}
              name: test
            contexts:
            - context: {cluster: test, user: kamrpc, namespace: voice}
              name: test
            current-context: test
            users:
            - name: kamrpc
              user:
                {{user.Replace("\n", "\n    ", StringComparison.Ordinal)}}
            """.Replace("\r", string.Empty, StringComparison.Ordinal) + "\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    public async ValueTask DisposeAsync()
    {
        CutWatches();
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1)))
        {
            try
            {
                await _server.StopAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Whoever still asks is cut off.
            }
        }

        await _server.DisposeAsync().ConfigureAwait(false);
        _folder.Dispose();
        _certificates.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (path, query) = (context.Request.Path.Value!, context.Request.Query);
        _requests.Add(path + context.Request.QueryString);
        var bearer = context.Request.Headers.Authorization.ToString();
        var isKnown = context.Connection.ClientCertificate is not null || (bearer.StartsWith("Bearer ", StringComparison.Ordinal) && Tokens.ContainsKey(bearer["Bearer ".Length..]));
        if (Stranger is { } stranger)
        {
            await stranger(context).ConfigureAwait(false);
        }
        else if (Trouble is var (code, reason))
        {
            await RefuseAsync(context, ApiAnswers.Status(code, reason, $"trouble: {reason}")).ConfigureAwait(false);
        }
        else if (!isKnown)
        {
            await RefuseAsync(context, ApiAnswers.Unauthorized()).ConfigureAwait(false);
        }
        else if (ApiAnswers.Discovery(path) is { } discovery)
        {
            await WriteAsync(context, discovery).ConfigureAwait(false);
        }
        else if (SlicesPath().Match(path) is { Success: true } match)
        {
            var space = match.Groups["space"] is { Success: true } named ? named.Value : null;
            var isWatch = query["watch"].ToString() is "1" or "true";
            if (Forbidden.ContainsKey($"{(isWatch ? "watch" : "list")} {space}"))
            {
                await RefuseAsync(context, ApiAnswers.Forbidden(isWatch ? "watch" : "list", space ?? string.Empty)).ConfigureAwait(false);
            }
            else if (isWatch && WatchTrouble is var (watchCode, watchReason))
            {
                await RefuseAsync(context, ApiAnswers.Status(watchCode, watchReason, "Too large resource version")).ConfigureAwait(false);
            }
            else if (isWatch && EndsWatchesAtOnce)
            {
                context.Response.ContentType = "application/json";
            }
            else if (match.Groups["name"] is { Success: true } name)
            {
                await (Store.Find(space!, name.Value) is { } slice
                    ? WriteAsync(context, slice)
                    : RefuseAsync(context, ApiAnswers.Status(404, "NotFound", $"endpointslices.{ApiAnswers.Group} \"{name.Value}\" not found"))).ConfigureAwait(false);
            }
            else
            {
                await (isWatch ? new SliceWatching(Store, context, BookmarkInterval, () => Interlocked.Increment(ref _bookmarks), _cut.Task, RefusesOldWatchAtOnce).RunAsync(space) : ListAsync(context, space)).ConfigureAwait(false);
            }
        }
        else
        {
            await RefuseAsync(context, ApiAnswers.Status(404, "NotFound", "the server could not find the requested resource")).ConfigureAwait(false);
        }
    }

    private Task ListAsync(HttpContext context, string? space)
    {
        var query = context.Request.Query;
        _ = int.TryParse(query["limit"], out var limit);
        var token = query["continue"].ToString();
        return Store.List(space, LabelSelector.Parse(query["labelSelector"]), limit, token.Length == 0 ? null : token) is var (version, items, next)
            ? WriteAsync(context, ApiAnswers.List(SliceStore.Text(version), items, next))
            : RefuseAsync(context, ApiAnswers.ContinueExpired());
    }

    internal static Task RefuseAsync(HttpContext context, JsonObject status)
    {
        context.Response.StatusCode = status["code"]!.GetValue<int>();
        return WriteAsync(context, status);
    }

    private static async Task WriteAsync(HttpContext context, JsonObject answer)
    {
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(answer.ToJsonString()), context.RequestAborted).ConfigureAwait(false);
    }

    [GeneratedRegex("^/apis/discovery\\.k8s\\.io/v1(/namespaces/(?<space>[a-z0-9-]+))?/endpointslices(/(?<name>[a-z0-9.-]+))?$")]
    private static partial Regex SlicesPath();
}

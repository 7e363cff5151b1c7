using System.Text;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Page;
using KamRpcDispatcher.Telemetry;
using Microsoft.AspNetCore.Http;

namespace KamRpcDispatcher.Cli.Telemetry;

/// <summary>What is answered to each request. Only what is known already is told: no request waits for Kamailio or etcd, and none keeps a change waiting.</summary>
internal sealed class HttpAnswers(HttpSubject subject, HttpAccess access, HttpPace pace)
{
    private const string Plain = "text/plain; charset=utf-8";
    private const string Prometheus = "text/plain; version=0.0.4; charset=utf-8";
    private const string Json = "application/json";
    private const string CheckPath = "/check/";

    public async Task AnswerAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        var path = context.Request.Path.Value ?? PageAnswers.Root;
        if (access.WhyNot(context, needsToken: path != PageAnswers.Root || subject.Page is null) is { } refusal)
        {
            headers.Connection = "close";
            await WriteAsync(context, refusal.Status, Plain, refusal.Text + "\n").ConfigureAwait(false);
            return;
        }

        if (!await pace.TurnAsync(context.RequestAborted).ConfigureAwait(false))
        {
            await WriteAsync(context, StatusCodes.Status503ServiceUnavailable, Plain, "too many requests: later\n").ConfigureAwait(false);
            return;
        }

        await (path switch
        {
            PageAnswers.Root when subject.Page is not null => PageAnswers.DocumentAsync(context),
            PageAnswers.Events when subject.Page is { } page => page.EventsAsync(context),
            "/metrics" when subject.Metrics is { } told => told() is { } metrics
                ? WriteAsync(context, StatusCodes.Status200OK, Prometheus, metrics)
                : WriteAsync(context, StatusCodes.Status503ServiceUnavailable, Plain, "there are no metrics yet\n"),
            "/healthz" => subject.IsAlive()
                ? WriteAsync(context, StatusCodes.Status200OK, Plain, "ok\n")
                : WriteAsync(context, StatusCodes.Status503ServiceUnavailable, Plain, "a loop does not come round\n"),
            "/readyz" when subject.Ready is { } ready => ReadyAsync(context, ready),
            _ when path.StartsWith(CheckPath, StringComparison.Ordinal) && subject.Check is { } check => CheckAsync(context, check, path[CheckPath.Length..]),
            _ => WriteAsync(context, StatusCodes.Status404NotFound, Plain, $"here are {Paths()}\n"),
        }).ConfigureAwait(false);
    }

    private string Paths()
    {
        string[] paths = [.. subject.Page is null ? Array.Empty<string>() : ["the page (/)"], .. subject.Metrics is null ? Array.Empty<string>() : ["/metrics"], "/healthz", .. subject.Ready is null ? Array.Empty<string>() : ["/readyz"], .. subject.Check is null ? Array.Empty<string>() : ["/check/SET/ADDRESS"]];
        return string.Join(", ", paths[..^1]) + (paths.Length > 1 ? " and " : string.Empty) + paths[^1];
    }

    private static Task ReadyAsync(HttpContext context, Func<IReadOnlySet<int>?, Readiness> readyOf)
    {
        var sets = new HashSet<int>();
        foreach (var text in context.Request.Query["set"].SelectMany(static texts => (texts ?? string.Empty).Split(',')))
        {
            if (!CommonOptions.SetNumber(text, out var set, out var error))
            {
                return WriteAsync(context, StatusCodes.Status400BadRequest, Plain, $"set: {error}\n");
            }

            sets.Add(set);
        }

        var ready = readyOf(sets.Count > 0 ? sets : null);
        var wantsJson = context.Request.Headers.Accept.Any(static accepted => accepted?.Contains(Json, StringComparison.OrdinalIgnoreCase) == true);
        return WriteAsync(context, ready.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, wantsJson ? Json : Plain, wantsJson ? ready.Json : ready.Text);
    }

    private static Task CheckAsync(HttpContext context, Func<int, string, AddressCheck> check, string rest)
    {
        if (rest.Split('/', 2) is not [var number, { Length: > 0 } address])
        {
            return WriteAsync(context, StatusCodes.Status404NotFound, Plain, "ask for /check/SET/ADDRESS\n");
        }

        if (!CommonOptions.SetNumber(number, out var set, out var error))
        {
            return WriteAsync(context, StatusCodes.Status404NotFound, Plain, $"SET: {error}\n");
        }

        var found = check(set, address);
        var status = found.GetsCalls switch
        {
            true => StatusCodes.Status200OK,
            false => StatusCodes.Status404NotFound,
            _ => StatusCodes.Status503ServiceUnavailable,
        };
        return WriteAsync(context, status, Plain, $"{found.Text}{(found.Age is { } age ? $"; seen {Ages.Show(age)} ago" : string.Empty)}\n");
    }

    private static Task WriteAsync(HttpContext context, int status, string type, string text) => WriteAsync(context, status, type, Encoding.UTF8.GetBytes(text));

    private static async Task WriteAsync(HttpContext context, int status, string type, byte[] body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
        }
    }
}

using System.Text;
using Microsoft.AspNetCore.Http;

namespace KamRpcDispatcher.Cli.Page;

/// <summary>The page and its stream of events over HTTP.</summary>
internal sealed class PageAnswers(PageFeed feed, TimeProvider timeProvider)
{
    /// <summary>Where the page is.</summary>
    public const string Root = "/";

    /// <summary>Where its events are, relative to the page.</summary>
    public const string Events = "/events";

    /// <summary>So much is handed to the server at a time: of who does not read no more than that, and the server's own buffer, is kept.</summary>
    private const int Portion = 8 * 1024;

    /// <summary>Who takes no portion for so long is not waited for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The page itself. It has no data, and is the same for everybody.</summary>
    public static Task DocumentAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = PageDocument.Policy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.ContentLength = PageDocument.Bytes.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(PageDocument.Bytes, context.RequestAborted).AsTask();
    }

    /// <summary>The events: the whole state first, then what changes, until the client leaves. Who reads slowly is told the newest state when it has read the one before.</summary>
    public async Task EventsAsync(HttpContext context)
    {
        if (HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.ContentType = "text/event-stream";
            return;
        }

        if (feed.TryWatch() is not { } first)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.ContentType = "text/plain; charset=utf-8";
            context.Response.Headers.RetryAfter = "30";
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{feed.MostWatchers} pages are open here already: close one, or look at the page of another proxy, or at 'kamrpc page'\n")), context.RequestAborted).ConfigureAwait(false);
            return;
        }

        try
        {
            context.Response.ContentType = "text/event-stream";

            // A reverse proxy (nginx) is not to keep events back.
            context.Response.Headers["X-Accel-Buffering"] = "no";
            await SendAsync(context, await first.WaitAsync(context.RequestAborted).ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It has left, or is too slow, or there is an end: the browser comes again.
        }
        finally
        {
            feed.Leave();
        }
    }

    private async Task SendAsync(HttpContext context, PageUpdate update)
    {
        for (var seen = 0L; ;)
        {
            await WriteAsync(context, update.Number == seen + 1 && seen > 0 ? update.Changed : update.Whole).ConfigureAwait(false);
            seen = update.Number;
            update = await update.Next.Task.WaitAsync(context.RequestAborted).ConfigureAwait(false);
            while (update.Next.Task is { IsCompletedSuccessfully: true, Result: var newer })
            {
                update = newer;
            }
        }
    }

    private async Task WriteAsync(HttpContext context, byte[] bytes)
    {
        for (var at = 0; at < bytes.Length; at += Portion)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            using var late = timeProvider.CreateTimer(static source => ((CancellationTokenSource)source!).Cancel(), patience, Patience, Timeout.InfiniteTimeSpan);
            try
            {
                await context.Response.Body.WriteAsync(bytes.AsMemory(at, Math.Min(Portion, bytes.Length - at)), patience.Token).ConfigureAwait(false);
                await context.Response.Body.FlushAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                context.Abort();
                throw;
            }
        }
    }
}

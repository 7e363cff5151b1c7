using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace KamRpcDispatcher.Testing;

/// <summary>One watch: the changes after a version, as events of what the watcher selects, and bookmarks in between.</summary>
/// <param name="store">The slices.</param>
/// <param name="context">The request.</param>
/// <param name="bookmarks">The time between two bookmarks.</param>
/// <param name="marked">Told of each bookmark that was sent.</param>
/// <param name="cut">Ends it.</param>
/// <param name="refusesAtOnce">Whether a forgotten version is refused by the status.</param>
internal sealed class SliceWatching(SliceStore store, HttpContext context, TimeSpan bookmarks, Action marked, Task cut, bool refusesAtOnce)
{
    private readonly Predicate<JsonObject> _selects = LabelSelector.Parse(context.Request.Query["labelSelector"]);
    private readonly bool _wantsBookmarks = context.Request.Query["allowWatchBookmarks"].ToString() is "1" or "true";

    public async Task RunAsync(string? space)
    {
        var asked = context.Request.Query["resourceVersion"].ToString();
        _ = long.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var version);
        if (version > 0 && store.After(version) is null && refusesAtOnce)
        {
            await ApiServer.RefuseAsync(context, ApiAnswers.TooOld(asked, SliceStore.Text(store.Version))).ConfigureAwait(false);
            return;
        }

        context.Response.ContentType = "application/json";
        await context.Response.StartAsync(context.RequestAborted).ConfigureAwait(false);
        if (version == 0)
        {
            // "Get state and start at any": what there is comes as additions.
            var (now, items, _) = store.List(space, _selects, 0, null)!.Value;
            foreach (var item in items)
            {
                await WriteAsync(ApiAnswers.Event("ADDED", item)).ConfigureAwait(false);
            }

            version = now;
        }

        using var life = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        if (int.TryParse(context.Request.Query["timeoutSeconds"], out var seconds))
        {
            life.CancelAfter(TimeSpan.FromSeconds(seconds));
        }

        try
        {
            await FollowAsync(space, version, life.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Its time is over, or nobody watches any more.
        }
    }

    private async Task FollowAsync(string? space, long version, CancellationToken ended)
    {
        while (!cut.IsCompleted)
        {
            var next = store.Next;
            if (store.After(version) is not var (now, changes))
            {
                await WriteAsync(ApiAnswers.Event("ERROR", ApiAnswers.TooOld(SliceStore.Text(version), SliceStore.Text(store.Version)))).ConfigureAwait(false);
                return;
            }

            foreach (var change in changes)
            {
                if (EventOf(change, space) is { } told)
                {
                    await WriteAsync(told).ConfigureAwait(false);
                }
            }

            version = now;
            if (await Task.WhenAny(next, cut, Task.Delay(bookmarks, ended)).WaitAsync(ended).ConfigureAwait(false) is { } first && first != next && first != cut && _wantsBookmarks)
            {
                await WriteAsync(ApiAnswers.Bookmark(SliceStore.Text(version))).ConfigureAwait(false);
                marked();
            }
        }
    }

    /// <summary>What comes into a selection is an addition to it, and what leaves it a deletion, whatever happened to the object.</summary>
    private JsonObject? EventOf(SliceChange change, string? space)
    {
        var (was, isNow) = (Selects(change.Before, space), Selects(change.After, space));
        if (isNow)
        {
            return ApiAnswers.Event(was ? "MODIFIED" : "ADDED", change.After!);
        }

        if (!was)
        {
            return null;
        }

        // As it was last, with the version of its going.
        var gone = (JsonObject)change.Before!.DeepClone();
        gone["metadata"]!["resourceVersion"] = SliceStore.Text(change.Version);
        return ApiAnswers.Event("DELETED", gone);
    }

    private bool Selects(JsonObject? slice, string? space) => slice is not null && (space is null || SliceStore.SpaceOf(slice) == space) && _selects(slice);

    private async Task WriteAsync(JsonObject line)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(line.ToJsonString() + "\n"), context.RequestAborted).ConfigureAwait(false);
        await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }
}

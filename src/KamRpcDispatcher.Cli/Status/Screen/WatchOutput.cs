using System.Globalization;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status.Json;

namespace KamRpcDispatcher.Cli.Status.Screen;

/// <summary>Where a watch shows what it sees.</summary>
internal interface IWatchOutput : IDisposable
{
    /// <summary>Called about once a second.</summary>
    /// <param name="state">What is seen.</param>
    /// <param name="changed">What has just changed: members as <c>set/name</c>, proxies by <see cref="StatusEvents.KeyOf"/>.</param>
    /// <param name="now">The time.</param>
    void Show(WatchState state, Func<string, bool> changed, DateTimeOffset now);
}

/// <summary>On a terminal people see a screen; all else gets what changes, one after another.</summary>
internal static class WatchOutput
{
    public static IWatchOutput Of(OutputFormat format, string cluster, StatusOptions options) =>
        format == OutputFormat.Table && Terminal.CanRedraw ? new WatchScreen(cluster, options) : new WatchLog(format, cluster, options);

    /// <summary>The time of day where the reader is.</summary>
    public static string Clock(DateTimeOffset time) => time.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
}

/// <summary>For files and pipes: the whole status first, then a line for each change; as JSON and YAML the whole of it each time.</summary>
internal sealed class WatchLog(OutputFormat format, string cluster, StatusOptions options) : IWatchOutput
{
    private bool _hasBegun;

    public void Show(WatchState state, Func<string, bool> changed, DateTimeOffset now)
    {
        // What never changes is never written, which would tell.
        StandardOutput.ThrowIfGone();
        if (state.Calls is { } calls && (!_hasBegun || (state.News.Count > 0 && format != OutputFormat.Table && state.BlindSince is null)))
        {
            _hasBegun = true;
            Console.Out.Write(format switch
            {
                OutputFormat.Json => JsonText.InOneLine(StatusJson.Write(cluster, calls, state.Findings)),
                OutputFormat.Yaml => "---\n" + YamlText.Of(StatusJson.Write(cluster, calls, state.Findings)),
                _ => new StatusScreen(calls, state.Findings, options, Layout.OfOutput()).ToString() + "\n",
            });
        }

        foreach (var news in state.News)
        {
            // What is no status does not belong between documents.
            (format == OutputFormat.Table ? Console.Out : Console.Error).WriteLine($"{WatchOutput.Clock(news.At)} {news.Text}");
        }
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}

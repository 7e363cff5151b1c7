namespace KamRpcDispatcher.Cli;

/// <summary>Where a watch shows what it sees.</summary>
internal abstract class WatchOutput : IDisposable
{
    /// <summary>On a terminal people see a screen; all else gets what changes, one after another.</summary>
    public static WatchOutput Of(OutputFormat format, string cluster, StatusOptions options) =>
        format == OutputFormat.Table && Terminal.CanRedraw ? new WatchScreen(cluster, options) : new WatchLog(format, cluster, options);

    /// <summary>Called about once a second.</summary>
    /// <param name="state">What is seen.</param>
    /// <param name="changed">What has just changed: members as <c>set/name</c>, proxies by name.</param>
    /// <param name="now">The time.</param>
    public abstract void Show(WatchState state, Func<string, bool> changed, DateTimeOffset now);

    public virtual void Dispose()
    {
    }

    /// <summary>The time of day where the reader is.</summary>
    protected static string Clock(DateTimeOffset time) => time.ToLocalTime().ToString("HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>For files and pipes: the whole status first, then a line for each change; as JSON and YAML the whole of it each time.</summary>
internal sealed class WatchLog(OutputFormat format, string cluster, StatusOptions options) : WatchOutput
{
    private bool _hasBegun;

    public override void Show(WatchState state, Func<string, bool> changed, DateTimeOffset now)
    {
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
            (format == OutputFormat.Table ? Console.Out : Console.Error).WriteLine($"{Clock(news.At)} {news.Text}");
        }
    }
}

using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Operate;

namespace KamRpcDispatcher.Cli.Operate;

/// <summary>Tells whoever waits for whom, when that changes: once a second at most, and nothing where it is done within the first.</summary>
/// <param name="tell">Where a line goes.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class WaitTeller(Action<string> tell, TimeProvider timeProvider) : IAsyncDisposable
{
    /// <summary>As many proxies are named.</summary>
    private const int MostNamed = 5;

    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _over = new();
    private volatile string? _missing;
    private Task _telling = Task.CompletedTask;

    /// <summary>Begins to tell what <see cref="Saw"/> was told.</summary>
    public void Start() => _telling = TellAsync(_over.Token);

    public void Saw(AppliedState state) => _missing = Missing(state);

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync().ConfigureAwait(false);
        await _telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _over.Dispose();
    }

    /// <summary>Who has not applied it, each with the reason, safe to print; empty where all have.</summary>
    public static string Missing(AppliedState state)
    {
        List<string> missing =
        [
            .. state.Proxies.Where(static proxy => !proxy.IsApplied).Select(static proxy => $"{proxy.Name} ({proxy.Missing})"),
            .. state.Unserved.Count > 0 ? new[] { $"a proxy that serves {(state.Unserved.Count == 1 ? "set" : "sets")} {SetText.Numbers(state.Unserved)}" } : [],
            .. state.Outage is { } outage ? new[] { $"etcd ({outage})" } : [],
        ];
        return string.Join("; ", missing.Take(MostNamed)) + (missing.Count > MostNamed ? FormattableString.Invariant($"; and {missing.Count - MostNamed} more") : string.Empty);
    }

    private async Task TellAsync(CancellationToken over)
    {
        for (string? told = null; ;)
        {
            await Task.Delay(Pace, timeProvider, over).ConfigureAwait(false);
            if (_missing is { Length: > 0 } missing && missing != told)
            {
                tell($"kamrpc: waits for {missing}");
                told = missing;
            }
        }
    }
}

using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Cli.Operate;

/// <summary>Tells whoever waits for whom, when that changes: once in a while at most, and nothing where it is done within a second.</summary>
/// <param name="tell">Where a line goes.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class WaitTeller(Action<string> tell, TimeProvider timeProvider) : IAsyncDisposable
{
    /// <summary>As many proxies are named.</summary>
    private const int MostNamed = 5;

    /// <summary>What is done within that need not be told.</summary>
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _over = new();
    private volatile Missed? _missed;
    private Task _telling = Task.CompletedTask;

    /// <summary>The least time between two lines.</summary>
    public TimeSpan Pace { get; init; } = First;

    /// <summary>Begins to tell what <see cref="Saw(AppliedState)"/> was told.</summary>
    public void Start() => _telling = TellAsync(_over.Token);

    public void Saw(AppliedState state) => Saw(Missing(state), Missing(state));

    /// <param name="missing">Who is waited for, safe to print; empty for nobody.</param>
    /// <param name="kind">What has to be another one for it to be told again.</param>
    public void Saw(string missing, string kind) => _missed = new Missed(missing, kind);

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

    /// <summary>What is said at the end of a wait that was in vain.</summary>
    /// <param name="state">How the proxies are; not all of them have applied it.</param>
    /// <param name="ended">What ended the waiting.</param>
    /// <param name="back">What takes it back; null where nothing is named.</param>
    public static string NotApplied(AppliedState state, string ended, string? back = null)
    {
        var takesBack = back is null ? string.Empty : $" ({back})";
        return state is { HasNobody: true, Proxies.Count: > 0 } ? $"{Missing(state)}; it stays written{takesBack}"
            : state.HasNobody ? $"nobody has applied it: {(state.Reporting == 0 ? "no proxy reports" : $"no proxy that reports serves set {SetText.Numbers(state.Unserved)}")}; it stays written"
            : $"{ended}: missing {Missing(state)}; it stays written, and is applied when they can{takesBack}";
    }

    private async Task TellAsync(CancellationToken over)
    {
        for (string? told = null; ;)
        {
            await Task.Delay(told is null ? First : Pace, timeProvider, over).ConfigureAwait(false);
            if (_missed is { Text.Length: > 0 } missed && missed.Kind != told)
            {
                tell($"kamrpc: waits for {missed.Text}");
                told = missed.Kind;
            }
        }
    }

    /// <param name="Text">Who is missing.</param>
    /// <param name="Kind">What has to be another one for it to be told again.</param>
    private sealed record Missed(string Text, string Kind);
}

using System.Text;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Status.Screen;

/// <summary>How much room there is for a screen.</summary>
internal enum ScreenForm
{
    Whole,

    /// <summary>Without the shares of weights, which nobody need do anything about.</summary>
    WithoutShares,

    /// <summary>The same, and what is not in step comes first: what is below may be cut off.</summary>
    VerdictFirst,
}

/// <summary>
/// The status of a cluster for people: does everybody get calls who should, and if not, why. The sets first, then the proxies, then what needs
/// more room, and what is not in step last.
/// </summary>
/// <param name="calls">The cluster.</param>
/// <param name="findings">What is not as it should be.</param>
/// <param name="options">What is shown.</param>
/// <param name="layout">How wide, and in which colours.</param>
/// <param name="changed">What has just changed is marked: sets' members as <c>set/name</c>, proxies by <see cref="StatusEvents.KeyOf"/>.</param>
/// <param name="form">What comes where, and what is left out.</param>
internal sealed class StatusScreen(ClusterCalls calls, IReadOnlyList<StatusFinding> findings, StatusOptions options, Layout layout, Func<string, bool>? changed = null, ScreenForm form = ScreenForm.Whole)
{
    private const int MostFindings = 20;

    /// <summary>Below them there is to be room for how many get calls.</summary>
    private const int MostOfLowScreen = 6;

    private readonly StringBuilder _text = new();

    public override string ToString()
    {
        if (form == ScreenForm.VerdictFirst)
        {
            Verdict();
            _text.Append('\n');
        }

        if (calls.Sets.Count == 0)
        {
            Nobody();
        }

        // Those that need somebody first.
        foreach (var set in calls.Sets.OrderBy(static set => set.IsAsWished && set.InDoubt.Count == 0))
        {
            _text.Append(new SetScreen(set, calls, options, layout, changed));
        }

        _text.Append('\n').Append(new ProxiesScreen(calls, options, layout, changed));
        foreach (var line in ElsewhereFindings.Lines(calls))
        {
            _text.Append(TextLines.Behind("  ", line, layout.Width));
        }

        _text.Append(new StatusDetails(calls, options, layout, hasShares: form == ScreenForm.Whole));
        Picked();
        Sources();
        if (form != ScreenForm.VerdictFirst)
        {
            _text.Append('\n');
            Verdict();
        }

        return _text.ToString();
    }

    /// <summary>What somebody does next who has just begun; or who is there, where others were asked for.</summary>
    private void Nobody()
    {
        if (options.Sets is not null && calls.AnnouncedSets.Count > 0)
        {
            _text.Append(TextLines.Behind(string.Empty, $"No members are announced there; {SetText.There(calls.AnnouncedSets)}.", layout.Width));
            return;
        }

        if (calls.Cluster.Sources.Count > 0 || ElsewhereFindings.HasMembers(calls))
        {
            _text.Append(TextLines.Behind(string.Empty, calls.Untold is { } untold ? $"Who the members are is not known: {untold}." : calls.Cluster.Sources.Count > 0 ? "There are no members." : "There are no members in etcd.", layout.Width));
            return;
        }

        _text.Append("No members are announced.\n");
        _text.Append(TextLines.Behind("  ", "next: kamrpc announce beside each SIP server, with the etcd and the cluster that are asked here (--etcd, --cluster)", layout.Width));
        if (calls.Proxies.Count == 0)
        {
            _text.Append(TextLines.Behind("  ", "and kamrpc dispatch beside each Kamailio, likewise; kamrpc doctor there says what it lacks", layout.Width));
        }
    }

    /// <summary>Options may come from the environment, and who does not see everything has to know it.</summary>
    private void Picked()
    {
        var sets = options.Sets is { } numbers ? $"set {string.Join(", ", numbers.Order())}" : null;
        var proxies = options.Proxies.Count > 0 ? $"proxy {string.Join(", ", options.Proxies.Order(StringComparer.Ordinal).Select(static name => SafeText.Shorten(name)))}" : null;
        if (sets is not null || proxies is not null)
        {
            _text.Append('\n').Append(TextLines.Behind(string.Empty, $"Shown: {string.Join(" and ", new[] { sets, proxies }.OfType<string>())} only (--set, --proxy, or KAMRPC_SET, KAMRPC_PROXY).", layout.Width));
        }
    }

    /// <summary>Whose answer this is, where it is not etcd's.</summary>
    private void Sources()
    {
        if (calls.Cluster.Sources is { Count: > 0 } sources)
        {
            _text.Append('\n').Append(TextLines.Behind(string.Empty, $"Told by the dispatcher on this machine, {(calls.Cluster.IsOfOneProxy ? "of itself alone: etcd has what other proxies report (--etcd)" : "which uses no etcd")}; its members come from {string.Join(", ", sources.Select(static source => source.Name))}.", layout.Width));
        }
    }

    private void Verdict()
    {
        _text.Append(layout.Palette.Paint(findings.Count == 0 ? "In step." : "NOT IN STEP", findings.Count == 0 ? Tone.Good : Tone.Bad)).Append('\n');
        var shown = form == ScreenForm.VerdictFirst ? MostOfLowScreen : options.ShowsAll ? findings.Count : MostFindings;
        foreach (var finding in findings.Take(shown))
        {
            _text.Append(TextLines.Behind("  ", finding.Text, layout.Width));
        }

        if (findings.Count > shown)
        {
            _text.Append(TextLines.Behind("  ", $"and {Ages.Count(findings.Count - shown, "more finding")} (--all, or -o json)", layout.Width));
        }
    }
}

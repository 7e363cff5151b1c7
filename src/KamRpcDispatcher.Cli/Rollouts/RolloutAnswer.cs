using System.Collections.Immutable;
using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Operate.Waiting;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Cli.Rollouts;

/// <summary>A rollout as it stands in etcd, and how the proxies are with its shares.</summary>
/// <param name="View">What stands in etcd.</param>
/// <param name="Proxies">The proxies; null where nobody asked, or there is no split.</param>
internal sealed record RolloutShown(RolloutView View, AppliedState? Proxies)
{
    /// <summary>Of one that has ended, whoever does not share by it; null where every proxy does.</summary>
    public string? MissingAtItsEnd => View.Rollout is { HasEnded: true } && Proxies is { IsApplied: false } state ? $"NOT APPLIED: missing {RolloutApplied.MissingOf(state)}" : null;
}

/// <summary>What <c>kamrpc rollout</c> says.</summary>
/// <param name="rollouts">The rollouts, by set.</param>
/// <param name="now">The time, by this host's clock.</param>
internal sealed class RolloutAnswer(IReadOnlyList<RolloutShown> rollouts, DateTimeOffset now)
{
    /// <summary>What stands there and is none.</summary>
    public IReadOnlyList<RejectedRecord> Rejected { get; init; } = [];

    /// <summary>The only set that was asked for; null for all.</summary>
    public int? Set { get; init; }

    /// <summary>The sets that have one, whichever was asked for.</summary>
    public IReadOnlyList<int> Sets { get; init; } = [];

    public string ToText(Layout layout)
    {
        if (rollouts.Count == 0)
        {
            return Set is { } set ? $"Set {Ages.Number(set)} has no rollout; {(Sets.Count == 0 ? "no set has one" : $"{(Sets.Count == 1 ? "one is of set" : "there are those of sets")} {SetText.Numbers(Sets)}")}.\n" : "There is no rollout.\n";
        }

        var table = layout.Whole(["TO", "SHARE", "STEP", "RUN BY", "SPLIT"], [["FOR"]], "SET", "KIND", "TO", "SHARE", "STEP", "PHASE", "FOR", "APPLIED", "RUN BY", "SPLIT", "SAID");
        foreach (var shown in rollouts)
        {
            var ((view, proxies), rollout) = (shown, shown.View.Rollout);
            table.Add(
                Ages.Number(view.Set),
                rollout is null ? "?" : RolloutText.Of(rollout.Kind),
                rollout is null or { Restart: not null } ? null : $"{rollout.Label}={rollout.To}",
                rollout is null or { Restart: not null } ? null : ShareOf(view, rollout),
                rollout is null ? null : rollout.Restart is { } restart ? RollingText.Of(restart, view.Undrained) : FormattableString.Invariant($"{rollout.Step + 1} of {rollout.Steps.Length}"),
                rollout is null ? "CANNOT BE READ" : RolloutText.Of(rollout.Phase),
                rollout is null ? null : Ages.Show(now - rollout.Since),
                proxies is null ? null : FormattableString.Invariant($"{proxies.Proxies.Count(static proxy => proxy.IsApplied)} of {proxies.Proxies.Count}"),
                rollout is null or { HasEnded: true } ? null : view.Runner is { } runner ? FormattableString.Invariant($"{runner.By} ({runner.Host}, {runner.Pid})") : "NOBODY",
                rollout is null || view.IsAsWished ? null : SplitOf(view),
                view.Error ?? shown.MissingAtItsEnd ?? SaysNow(view) ?? (rollout!.Message is { } said && view.Undrained is { Count: > 0 } undrained ? $"{said} (before somebody else resumed or drained {RollingText.NamesOf(undrained)})" : rollout.Message) ?? rollout.Reason);
        }

        return table.ToString();
    }

    /// <summary>What its runner does, or waits for; null of one that nobody runs, or that does not go on by itself.</summary>
    public static string? SaysNow(RolloutView view) => view is { Rollout.Phase: RolloutPhase.Running, Runner.Says: { } says } ? SafeText.Shorten(says, MemberValidation.MaxReasonLength) : null;

    /// <summary>For programs: later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        JsonText.WriteArray(writer, "rollouts", rollouts, Write);
        JsonText.WriteArray(writer, "rejected", Rejected, static (json, rejected) =>
        {
            json.WriteString("key", rejected.Key);
            json.WriteString("reason", rejected.Reason);
        });
    });

    /// <summary>What goes to the value by etcd, in per cent; null where there is no split. Of one that cannot be read nobody knows it here: proxies go on by the last one that they could read.</summary>
    public static string? ShareOf(RolloutView view, Rollout rollout) => view.SplitError is not null ? "not known"
        : view.Split is not { } split ? null
        : split.Label == rollout.Label ? SplitRecord.Text(split.Shares.GetValueOrDefault(rollout.To)) + "%" : $"split by {SafeText.Shorten(split.Label)}";

    /// <summary>A split that is not what the rollout wishes.</summary>
    public static string SplitOf(RolloutView view) => view.SplitError is { } error ? $"cannot be read ({error}): proxies go on by the last one that they could read" : view.Split is null ? "none" : RolloutText.Of(view.Split.Shares);

    private void Write(Utf8JsonWriter json, RolloutShown shown)
    {
        var (view, rollout) = (shown.View, shown.View.Rollout);
        json.WriteNumber("set", view.Set);
        json.WriteString("unreadable", view.Error);
        json.WriteString("id", rollout?.Id);
        json.WriteString("kind", rollout is null ? null : RolloutText.Of(rollout.Kind));
        var shared = rollout is { Restart: null } ? rollout : null;
        json.WriteString("label", shared?.Label);
        json.WriteString("to", shared?.To);
        json.WriteString("phase", rollout is null ? null : RolloutText.Of(rollout.Phase));
        JsonText.WriteNumber(json, "step", shared is null ? null : shared.Step + 1);
        json.WriteStartArray("steps");
        foreach (var step in rollout?.Steps ?? [])
        {
            json.WriteNumberValue(step / 10m);
        }

        json.WriteEndArray();
        WriteShares(json, "before", shared?.Before);
        WriteShares(json, "wished", shared?.Wished);
        WriteShares(json, "split", view.Split?.Shares);
        JsonText.WriteBoolean(json, "asWished", rollout is null ? null : view.IsAsWished);
        JsonText.WriteTime(json, "since", rollout?.Since);
        JsonText.WriteNumber(json, "ageSeconds", rollout is null ? null : (double?)(now - rollout.Since).TotalSeconds);
        JsonText.WriteNumber(json, "intervalSeconds", rollout?.Interval.TotalSeconds);
        json.WriteString("gate", rollout?.Gate);
        JsonText.WriteNumber(json, "failures", (long?)rollout?.Failures);
        JsonText.WriteNumber(json, "failed", (long?)rollout?.Failed);
        json.WriteString("by", rollout?.By);
        json.WriteString("reason", rollout?.Reason);
        json.WriteString("message", rollout?.Message);
        json.WriteString("runBy", view.Runner?.By);
        json.WriteString("runHost", view.Runner?.Host);
        JsonText.WriteNumber(json, "runPid", (long?)view.Runner?.Pid);
        json.WriteString("runSays", view.Runner?.Says);
        WriteRestart(json, rollout?.Restart, view.Undrained);
        JsonText.WriteBoolean(json, "applied", shown.Proxies?.IsApplied);
        JsonText.WriteArray(json, "proxies", shown.Proxies?.Proxies ?? [], static (one, proxy) =>
        {
            one.WriteString("name", proxy.Name);
            one.WriteBoolean("applied", proxy.IsApplied);
            one.WriteString("why", proxy.Missing);
        });
    }

    private static void WriteRestart(Utf8JsonWriter json, RollingRestart? restart, IReadOnlyList<string>? undrained)
    {
        var drained = restart?.Drained.Select(static member => member.Name).ToHashSet(StringComparer.Ordinal) ?? [];
        json.WriteString("exec", restart?.Exec);
        JsonText.WriteNumber(json, "batch", (long?)restart?.Batch);
        JsonText.WriteNumber(json, "drainTimeSeconds", restart?.DrainTime?.TotalSeconds);
        JsonText.WriteArray(json, "members", restart?.Members ?? [], (one, member) =>
        {
            one.WriteString("name", member.Name);
            one.WriteString("uri", member.Uri);
            one.WriteString("stage", RollingText.Of(member.Stage));
            one.WriteString("said", member.Said);
            JsonText.WriteBoolean(one, "drained", !drained.Contains(member.Name) ? false : undrained is null ? null : !undrained.Contains(member.Name));
        });
    }

    internal static void WriteShares(Utf8JsonWriter json, string name, ImmutableSortedDictionary<string, int>? shares)
    {
        if (shares is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        foreach (var (value, share) in shares)
        {
            json.WriteNumber(value, share / 10m);
        }

        json.WriteEndObject();
    }
}

using System.Text;
using System.Text.Json;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Cli.Status.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Confirming;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>One member from its record to each proxy's list.</summary>
/// <param name="Key">Its set and name.</param>
/// <param name="Record">The record's key in etcd, or where else it stands.</param>
/// <param name="Member">What is known of it; null where there is nothing but a record that cannot be used.</param>
/// <param name="Set">Its set; null where nobody usable is in it.</param>
/// <param name="Rejected">Its record, where that cannot be used.</param>
/// <param name="Holder">Who is followed at its address, where that is another name; else null.</param>
/// <param name="Calls">The cluster.</param>
internal sealed record MemberExplanation(MemberKey Key, string Record, MemberCalls? Member, SetCalls? Set, RejectedRecord? Rejected, Member? Holder, ClusterCalls Calls)
{
    private const int MostKeys = 5;

    /// <summary>The key in etcd of what an operator wishes of it, whether there is such a record or not.</summary>
    public required string IntentKey { get; init; }

    /// <summary>What an operator wishes of it; null for nothing, or where nobody knows.</summary>
    public StoredIntent? Intent => Calls.Cluster.Intents.GetValueOrDefault(Key);

    /// <summary>How many calls are up on it, as its announcer, or Kamailio, says while it is drained; null where that says nothing, or nobody may read it.</summary>
    private StoredCallCount? Count => Calls.Cluster.CallsOf(Key, Calls.Now);

    /// <summary>Its lease; null where it has none, or where etcd does not tell.</summary>
    public LeaseStatus? Lease { get; init; }

    /// <summary>The one sentence.</summary>
    public MemberVerdict Verdict => MemberVerdict.Of(this);

    /// <summary>Everybody of the name, set by set; empty when there is nobody.</summary>
    public static List<MemberExplanation> Of(string name, ClusterCalls calls, EtcdKeys keys)
    {
        var found = new List<MemberExplanation>();
        foreach (var set in calls.Sets)
        {
            if (set.Members.Concat(set.Departed).FirstOrDefault(member => member.Key.Name == name) is { } member)
            {
                var holder = AddressClaim.Of(set.Members.Select(static other => other.Announced!.InEffect), other => IsSuperseded(other, calls)).FirstOrDefault(claim => claim.Others.Any(other => other.Key == member.Key))?.Holder;
                found.Add(new MemberExplanation(member.Key, RecordOf(member.Key, calls, keys), member, set, RejectedOf(keys.Member(member.Key), calls), holder, calls) { IntentKey = keys.Intent(member.Key) });
            }
        }

        foreach (var rejected in calls.Cluster.Rejected)
        {
            if (KeyOf(rejected, keys) is { } key && key.Name == SafeText.Shorten(name, MemberValidation.MaxNameLength) && found.TrueForAll(other => other.Key != key))
            {
                found.Add(new MemberExplanation(key, rejected.Key, null, null, rejected, null, calls) { IntentKey = keys.Intent(key) });
            }
        }

        return found;
    }

    /// <summary>Where its record stands: in etcd, or in what a dispatcher without etcd reads.</summary>
    private static string RecordOf(MemberKey key, ClusterCalls calls, EtcdKeys keys) =>
        calls.Cluster.Sources is { Count: > 0 } sources ? $"{string.Join(" or ", sources.Select(static source => source.Name))}: {key}" : keys.Member(key);

    /// <summary>Whose a record is, also where the name is one that no member may have; null where it is in no set.</summary>
    private static MemberKey? KeyOf(RejectedRecord rejected, EtcdKeys keys) =>
        rejected.Key.StartsWith(keys.Members, StringComparison.Ordinal) && rejected.Key[keys.Members.Length..] is var rest && rest.IndexOf('/', StringComparison.Ordinal) is var slash and > 0
        && CommonOptions.SetNumber(rest[..slash], out var set, out _)
            ? new MemberKey(set, rest[(slash + 1)..])
            : null;

    /// <summary>The same with what etcd says of its lease.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds.</exception>
    public async Task<MemberExplanation> WithLeaseAsync(LeaseReader leases, CancellationToken cancellationToken) =>
        Member?.Announced is { Lease: > 0 and var lease } ? this with { Lease = await leases.ReadAsync(lease, cancellationToken).ConfigureAwait(false) } : this;

    public string ToText(Layout layout)
    {
        var text = new StringBuilder(layout.Palette.Paint(FormattableString.Invariant($"{SafeText.Shorten(Key.Name, MemberValidation.MaxNameLength)} in set {Key.Set}"), Tone.Heading)).Append('\n');
        foreach (var line in RecordLines())
        {
            text.Append(TextLines.Behind("  ", line, layout.Width));
        }

        if (Member is not null)
        {
            var table = layout.Sentences("PROXY", "CALLS", "REVISION", "ACKNOWLEDGED", "FLAGS", "VIEW");
            foreach (var view in Views())
            {
                table.Add(
                    view.Lens.Proxy.Name,
                    new Cell(MemberText.Calls(view.Calls), view.IsAsItShouldBe ? Tone.Good : Tone.Bad),
                    view.Lens.Status is { } status ? Ages.Number(status.Revision) : null,
                    view.IsAcknowledged switch { true => "yes", false => "no", _ => null },
                    view.Deviation is { } deviation ? DeviationText.Flags(deviation) : null,
                    view.Text);
            }

            text.Append(table);
        }

        return text.Append(TextLines.Behind(string.Empty, Verdict.Text, layout.Width)).ToString();
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteNumber("set", Key.Set);
        writer.WriteString("name", Key.Name);
        writer.WriteString("key", Record);
        writer.WriteString("uri", Member?.Uri);
        writer.WriteBoolean("announced", Member?.Announced is not null);
        writer.WriteString("state", Member?.Announced is { } announced ? MemberStateName.Of(announced.Member.State) : null);
        writer.WriteString("reason", Member?.Announced?.Member.Reason);
        JsonText.WriteTime(writer, "since", Member?.Announced?.Member.Since);
        JsonText.WriteNumber(writer, "revision", Member?.Announced?.ModRevision);
        writer.WriteString("rejected", Rejected?.Reason);
        writer.WriteString("followed", Holder?.Key.Name);
        writer.WriteString("lease", Member?.Announced is { Lease: > 0 and var lease } ? StatusJson.Lease(lease) : null);
        JsonText.WriteNumber(writer, "leaseSeconds", Lease?.Granted.TotalSeconds);
        JsonText.WriteNumber(writer, "leaseSecondsLeft", Lease?.Remaining.TotalSeconds);
        JsonText.WriteTexts(writer, "underTheSameLease", Lease?.Keys?.Where(key => key != Record) ?? []);
        JsonText.WriteArray(writer, "proxies", Views(), (json, view) =>
        {
            json.WriteString("name", view.Lens.Proxy.Name);
            json.WriteString("calls", MemberText.Name(view.Calls));
            JsonText.WriteNumber(json, "revision", view.Lens.Status?.Revision);
            JsonText.WriteBoolean(json, "acknowledged", view.IsAcknowledged);
            json.WriteString("flags", view.Deviation?.Flags);
            json.WriteString("deviation", view.Deviation?.Kind);
            JsonText.WriteNumber(json, "startShare", view.Lens.StartOf(Key));
            json.WriteString("text", view.Text);
        });
        writer.WriteString("calls", MemberText.Name(Member?.Everywhere ?? CallState.Unknown));
        writer.WriteBoolean("asItShouldBe", Verdict.IsAsItShouldBe);
        writer.WriteString("verdict", Verdict.Text);
        IntentJson.WriteDrain(writer, Intent?.Intent);
        IntentJson.WriteWeight(writer, Intent?.Intent);
        IntentJson.WriteCalls(writer, Count, Intent?.Intent);
    }

    /// <summary>How each proxy that serves the set sees it.</summary>
    public IEnumerable<MemberView> Views() => Set is null || Member is null ? [] : Set.Serving.Select(lens => MemberView.Of(Member, lens, Calls.Now));

    private static bool IsSuperseded(Member member, ClusterCalls calls) =>
        calls.Proxies.Any(lens => lens.Status?.Superseded.Any(superseded => superseded.Member == member.Key) == true);

    private static RejectedRecord? RejectedOf(string key, ClusterCalls calls) => calls.Cluster.Rejected.FirstOrDefault(rejected => rejected.Key == key);

    private IEnumerable<string> RecordLines()
    {
        if (Member?.Announced is { } announced)
        {
            yield return FormattableString.Invariant($"record: {Record}, revision {announced.ModRevision}: {announced.Member.Uri.Text}, {new MemberText(Calls).Announced(announced)}{ElsewhereFindings.NotFollowed(Key.Set, Calls)}");
            yield return "lease: " + LeaseLine(announced.Lease);
        }
        else
        {
            yield return $"record: {Record}: {(Rejected is null ? "there is none any more" : "there is one that cannot be used")}";
        }

        if (IntentLine() is { } intent)
        {
            yield return intent;
        }

        if (IntentText.Calls(Count, Intent?.Intent, Calls.Now) is { } up)
        {
            yield return $"calls: {up}";
        }

        if (DrainedProxies() is { Count: > 0 } drained)
        {
            yield return $"proxies: {ProxyNames.Of(drained)} {(drained.Count == 1 ? "is" : "are")} drained, so that calls may come to the others only ('kamrpc proxy resume' takes it back{IntentOrigin.Forced})";
        }

        if (Rejected is not null)
        {
            yield return $"rejected: {SafeText.Shorten(Rejected.Reason, ProxyTrouble.MostTextLength)}";
        }

        if (Holder is not null)
        {
            yield return $"address: {SafeText.Shorten(Holder.Key.Name, MemberValidation.MaxNameLength)} has it too, and is followed";
        }
    }

    private List<ProxyLens> DrainedProxies() => [.. (Set?.Serving ?? []).Where(static lens => lens.Status is { IsDrained: true })];

    private string? IntentLine()
    {
        if (Calls.Cluster.IntentsRefused is { } refused)
        {
            return $"intent: {IntentKey}: whether an operator has drained it is not known ({SafeText.Shorten(refused, ProxyTrouble.MostTextLength)})";
        }

        if (Calls.Cluster.RejectedIntents.FirstOrDefault(record => record.Member == Key) is { } rejected)
        {
            return $"intent: {rejected.Key} cannot be used: {SafeText.Shorten(rejected.Reason, ProxyTrouble.MostTextLength)}";
        }

        return Intent is not { } stored ? null
            : $"intent: {IntentKey}, revision {Ages.Number(stored.ModRevision)}: {(stored.Intent.IsDrained ? IntentText.Drained(stored.Intent, Calls.Now) : "no drain")}{(stored.Intent.Weight is { } weight ? $", weight {Ages.Number(weight)}" : string.Empty)}";
    }

    private string LeaseLine(long lease)
    {
        if (lease == AnnouncedMember.UnknownLease)
        {
            return Calls.Cluster.IsOfOneProxy ? "not told by the dispatcher that is asked here" : "none: it stays until it is taken out there";
        }

        if (lease == 0)
        {
            return "none: a static member, which stays until somebody deletes its key";
        }

        if (Lease is not { } status)
        {
            return $"{StatusJson.Lease(lease)}; etcd does not tell this user how long it lives";
        }

        if (status.Remaining < TimeSpan.Zero)
        {
            return $"{StatusJson.Lease(lease)} has just ended";
        }

        if (Member?.Announced?.Member is { State: MemberState.Down, Reason: ExpiryConfirmation.Reason })
        {
            return $"{StatusJson.Lease(lease)}, of 'kamrpc confirm': the record ends by itself in {Ages.Show(status.Remaining)}";
        }

        var others = status.Keys?.Where(key => key != Record).Select(static key => SafeText.Shorten(key, 160)).ToList() ?? [];
        return $"{StatusJson.Lease(lease)}, {Ages.Show(status.Remaining)} of {Ages.Show(status.Granted)} left unless its announcer renews it"
            + (others.Count == 0 ? string.Empty : $"; that one announces {string.Join(", ", others.Take(MostKeys))}{(others.Count > MostKeys ? FormattableString.Invariant($" and {others.Count - MostKeys} more") : string.Empty)} too");
    }
}

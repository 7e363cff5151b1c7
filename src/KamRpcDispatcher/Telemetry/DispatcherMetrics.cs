using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;

using static KamRpcDispatcher.Telemetry.TelemetryMeter;

namespace KamRpcDispatcher.Telemetry;

/// <summary>The states that a dispatcher tells monitors: read from what the last cycle saw, and from what is known beside it.</summary>
internal sealed class DispatcherMetrics
{
    /// <summary>All instruments of one collection go by one reading.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(50);

    private readonly TelemetrySources _sources;
    private readonly string _cluster;
    private readonly TimeProvider _timeProvider;
    private readonly VerdictHistory _verdicts = new();
    private readonly Instrument _members;
    private readonly Lock _gate = new();
    private Seen? _seen;
    private Now? _now;

    public DispatcherMetrics(TelemetryMeter meter, TelemetrySources sources, string cluster, TimeProvider timeProvider)
    {
        (_sources, _cluster, _timeProvider) = (sources, cluster, timeProvider);
        _members = meter.Meter.CreateObservableGauge("kamrpc_members", MemberCounts, null, "Members by set and state: each in one, and records that cannot be used (rejected) beside.");
        AddMembers(meter);
        AddSets(meter);
        AddProxy(meter);
        AddReach(meter);
        ShareMetrics.AddTo(meter, () => Status?.Shares);
    }

    private ProxyStatus? Status => Current.Told?.Status;

    /// <summary>What the instruments of one collection go by.</summary>
    private Now Current
    {
        get
        {
            lock (_gate)
            {
                var mark = _timeProvider.Mark();
                if (_now is null || mark - _now.At > Freshness)
                {
                    var seen = Volatile.Read(ref _seen);
                    var reading = seen is null ? null : ReferenceEquals(seen, _now?.Seen) ? _now.Reading : new Reading(seen.Cycle);
                    _now = new Now(mark, _sources.Status(), seen, reading);
                }

                return _now;
            }
        }
    }

    /// <summary>Takes note of a cycle. Where nobody collects metrics only the reference is kept.</summary>
    public void Observe(CycleSituation cycle, int lost)
    {
        if (_members.Enabled)
        {
            _verdicts.Observe(cycle.Table.Destinations);
        }

        Volatile.Write(ref _seen, new Seen(cycle, lost, _timeProvider.Mark()));
    }

    /// <inheritdoc cref="AddressCheck.In"/>
    public AddressCheck Check(int set, string address) =>
        Volatile.Read(ref _seen) is not { } seen ? AddressCheck.NotRead
        : _sources.Status()?.Status.Contact is { Answers: false } ? AddressCheck.NotAnswered
        : AddressCheck.In(seen.Cycle, set, address, _timeProvider.Mark() - seen.At);

    private void AddMembers(TelemetryMeter meter)
    {
        meter.Gauge("kamrpc_member_state", "The state of each member; always 1.", () =>
            Current.Reading?.Members.Select(static member => Of(1, Set(member.Key.Set), new("member", member.Key.Name), new("state", member.State))) ?? []);
        meter.Gauge("kamrpc_member_routable", "Whether Kamailio may send calls to the member (1) or not (0).", () =>
            Current.Reading?.Members.Select(static member => Of(Bit(member.IsRoutable), Set(member.Key.Set), new("member", member.Key.Name))) ?? []);
        meter.Gauge("kamrpc_records_rejected", "Records that cannot be used, of members, intents and splits.", () => Current.Seen?.Cycle.Membership.Rejected.Count);
        meter.Gauge("kamrpc_destinations", "Destinations in Kamailio's list by set: who put them there, the state that was set (admin), and Kamailio's verdict (health), of a disabled one the last before.", DestinationCounts);
        meter.Gauge("kamrpc_foreign_destinations_lost", "Destinations of others that Kamailio dropped at a change of ours, and that are not back.", () => Current.Seen?.Lost);
    }

    private void AddSets(TelemetryMeter meter)
    {
        AddSet("kamrpc_set_members_wanted", "Ready members of the set, who are to get calls.", static set => set.Wanted);
        AddSet("kamrpc_set_members_serving", "Those of them to whom Kamailio may send calls.", static set => set.Serving);
        AddSet("kamrpc_set_routable_destinations", "Destinations of the set to which Kamailio may send calls, whoever put them there.", static set => set.Routable);
        AddSet("kamrpc_drift_changes", "Changes that are owed in the set: what is wished less what is there.", static set => set.Drift);
        AddSet("kamrpc_destinations_refused", "Destinations of the set that Kamailio refuses, which are in quarantine.", static set => set.Refused);

        void AddSet(string name, string description, Func<SetStatus, double?> read) => meter.Gauge(name, description, () =>
            from set in Status?.Sets ?? ImmutableSortedDictionary<int, SetStatus>.Empty
            let value = read(set.Value)
            where value is not null
            select Of(value.Value, Set(set.Key)));
    }

    private void AddProxy(TelemetryMeter meter)
    {
        meter.Gauge("kamrpc_revision_seen", "The revision that the newest members are of.", () => _sources.Membership()?.Revision);
        meter.Gauge("kamrpc_revision_applied", "The revision whose members were last read back to be in force in Kamailio, what it refuses apart.", () => Status?.Revision);
        meter.Gauge("kamrpc_from_snapshot", "Whether the members, or those of one source, are those saved before, since that was not reached yet.", () => BitOf(static status => status.IsFromSnapshot));
        meter.Gauge("kamrpc_proxy_drained", "Whether an operator has drained this proxy itself.", () => BitOf(static status => status.IsDrained));
        meter.Gauge("kamrpc_loop_hangs", "Whether the loop is at one step for longer than that may take: nothing is followed.", () => BitOf(static status => status.Hangs));
        meter.Gauge("kamrpc_troubles", "What somebody should know of, by kind; kamrpc status has the words.", () =>
            Status is { } status ? TroubleKind.All.Select(kind => Of(status.Troubles.Count(trouble => trouble.Kind == kind), new KeyValuePair<string, object?>("kind", kind))) : []);
        meter.Gauge("kamrpc_status_age_seconds", "How long ago the loop told what the metrics of sets, drift, revision, shares and troubles say.", () => Current.Told?.Age.TotalSeconds);
        meter.Gauge("kamrpc_list_age_seconds", "How long ago Kamailio's list was read from which members and destinations are told.", () => Current.Seen is { } seen ? (_timeProvider.Mark() - seen.At).TotalSeconds : null);
        meter.Gauge("kamrpc_list_bytes", "How long a reply with Kamailio's list is.", () => Status?.List?.Bytes);
        meter.Gauge("kamrpc_list_limit_bytes", "Up to which length of the list destinations are added, where the way by which it is read has a limit.", () => Status?.List?.Most);
        meter.Gauge("kamrpc_kamailio_info", "Kamailio's release; always 1.", () => Status is { Kamailio.Length: > 0 } status ? [Of(1, new KeyValuePair<string, object?>("version", status.Kamailio))] : []);
        meter.Counter("kamrpc_grace_timeouts_total", "Grace periods whose end was not seen in time, so that changes waited.", () => _sources.Grace().Timeouts);
        meter.Counter("kamrpc_grace_long_gaps_total", "Grace periods that a long gap ended, since processes were never seen at rest.", () => _sources.Grace().LongGaps);

        double? BitOf(Func<ProxyStatus, bool> condition) => Status is { } status ? Bit(condition(status)) : null;
    }

    private void AddReach(TelemetryMeter meter)
    {
        meter.Gauge("kamrpc_etcd_reachable", "Whether etcd can be followed.", () => _sources.UsesEtcd ? Bit(_sources.Away() is null && _sources.StoreHeard() is not null) : null);
        meter.Gauge("kamrpc_etcd_last_answer_age_seconds", "How long ago etcd was heard; it has something to say every few seconds.", () => _sources.StoreHeard()?.TotalSeconds);
        meter.Gauge("kamrpc_source_reachable", "Whether members can be read where they come from.", () => _sources.Origins().Select(static origin => Of(Bit(origin.Away is null), new KeyValuePair<string, object?>("source", origin.Name))));
        meter.Gauge("kamrpc_kamailio_reachable", "Whether Kamailio answers, and its list can be read.", () => Bit(Status?.Contact is { Answers: true }));
        meter.Gauge("kamrpc_kamailio_last_answer_age_seconds", "How long ago Kamailio answered a call.", () => _sources.KamailioAnswered()?.TotalSeconds);
        meter.Gauge("kamrpc_lease_age_seconds", "How long ago the lease was renewed under which this daemon stands in etcd.", () => _sources.LeaseAge()?.TotalSeconds);
    }

    private static KeyValuePair<string, object?> Set(int set) => new("set", set);

    private IEnumerable<Measurement<double>> MemberCounts() =>
        Current is { Reading: { } reading } now ? reading.MemberCounts(now.Told?.Status.Sets.Keys ?? []).Select(static count => Of(count.Count, Set(count.Set), new("state", count.State))) : [];

    /// <summary>Those there could be have a 0: a sum over nothing would be no number.</summary>
    private IEnumerable<Measurement<double>> DestinationCounts()
    {
        if (Current is not { Reading: { } reading } now)
        {
            return [];
        }

        var counts = reading.Destinations
            .Select(entry => (entry.Set, Owner: AttributeText.IsOwn(entry, _cluster) ? "kamrpc" : "other", Admin: entry.State == ListedState.Disabled ? "disabled" : "enabled", Health: _verdicts.Of(entry)))
            .CountBy(static entry => entry).ToDictionary();
        return
            from set in counts.Keys.Select(static key => key.Set).Union(now.Told?.Status.Sets.Keys ?? []).Order()
            from owner in (string[])["kamrpc", "other"]
            from admin in (string[])["enabled", "disabled"]
            from health in VerdictHistory.All
            where admin == "disabled" || health != VerdictHistory.Unknown
            select Of(counts.GetValueOrDefault((set, owner, admin, health)), Set(set), new("owner", owner), new("admin", admin), new("health", health));
    }

    /// <summary>What a cycle saw, and when.</summary>
    private sealed record Seen(CycleSituation Cycle, int Lost, TimeSpan At);

    /// <summary>What is known at one moment.</summary>
    private sealed record Now(TimeSpan At, (ProxyStatus Status, TimeSpan Age)? Told, Seen? Seen, Reading? Reading);
}

using KamRpcDispatcher.Etcd.Reports;

using static KamRpcDispatcher.Telemetry.TelemetryMeter;

namespace KamRpcDispatcher.Telemetry;

/// <summary>The shares of calls, wished and measured.</summary>
internal static class ShareMetrics
{
    public static void AddTo(TelemetryMeter meter, Func<ShareReport?> report)
    {
        meter.Gauge("kamrpc_share_wanted_ratio", "The part of its set's calls that a class is to get, 0 to 1.", () =>
            Classes().Select(static one => Of(one.Wanted / 1000.0, Labels(one))));
        meter.Gauge("kamrpc_share_measured_ratio", "The part of its set's calls that the members of a class had in the time of counting; none without calls.", () =>
            from one in Classes()
            let all = CallsOf(one.Set)
            where one.Calls is not null && all > 0
            select Of(one.Calls.GetValueOrDefault() / (double)all, Labels(one)));
        meter.Gauge("kamrpc_share_calls", "The calls that the members of a class had in the time of counting.", () =>
            Classes().Where(static one => one.Calls is not null).Select(static one => Of(one.Calls!.Value, Labels(one))));
        meter.Gauge("kamrpc_share_counted_seconds", "How long the time of counting is: some minutes at most, less after a change of shares or members.", () =>
            Classes().Where(static one => one.Until - one.Since is not null).Select(static one => Of((one.Until - one.Since)!.Value.TotalSeconds, Labels(one))));
        meter.Gauge("kamrpc_share_measured_timestamp_seconds", "When the calls were counted, in seconds since 1970.", () =>
            Classes().Where(static one => one.Until is not null).Select(static one => Of(one.Until!.Value.ToUnixTimeMilliseconds() / 1000.0, Labels(one))));
        meter.Gauge("kamrpc_member_share_measured_ratio", "The part of its set's calls that a member had in the time of counting.", () =>
            from member in report()?.Members ?? []
            let all = CallsOf(member.Set)
            where all > 0
            select Of(member.Calls / (double)all, new("set", member.Set), new("member", member.Name), new("class", member.Class)));

        IEnumerable<SharedClass> Classes() => report()?.Classes ?? [];

        long CallsOf(int set) => Classes().Where(one => one.Set == set).Sum(static one => one.Calls ?? 0);
    }

    private static KeyValuePair<string, object?>[] Labels(SharedClass one) => [new("set", one.Set), new("class", one.Class)];
}

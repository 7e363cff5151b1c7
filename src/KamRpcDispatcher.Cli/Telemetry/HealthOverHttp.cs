using KamRpcDispatcher.Cli.Health;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Telemetry;

namespace KamRpcDispatcher.Cli.Telemetry;

/// <summary>Health as it is told over HTTP: the words of <c>kamrpc health --strict</c>, by what the daemon itself knows.</summary>
internal static class HealthOverHttp
{
    private const string NotSeen = "the dispatcher has not seen the members and Kamailio's list yet";

    /// <summary>While no Kamailio was found to keep in step.</summary>
    public static AddressCheck NoKamailio { get; } = new(null, "not known: no Kamailio was found yet", null);

    /// <param name="answer">What the dispatcher knows; null while it does not run.</param>
    /// <param name="proxy">The proxy's name, unless the dispatcher says it.</param>
    /// <param name="sets">The sets that count; null for all.</param>
    /// <param name="now">The time.</param>
    public static Readiness Of(StatusAnswer? answer, string proxy, IReadOnlySet<int>? sets, DateTimeOffset now)
    {
        var name = answer?.Proxy ?? proxy;
        var verdict = (answer is null ? null : new HealthJudge(name, sets, now).OfDispatcher(answer)) ?? new HealthVerdict(HealthReason.NoDispatcher, NotSeen) { Proxy = name };
        return new Readiness(verdict.IsHealthy, verdict.ToString(), verdict.ToJson());
    }

    /// <param name="whyNot">Why what is announced gets no calls; null where it does.</param>
    public static Readiness OfAnnouncer(string? whyNot)
    {
        var text = whyNot ?? "all that is announced is ready, and stands in etcd";
        return new Readiness(whyNot is null, $"{(whyNot is null ? "ready" : "NOT ready")}: {text}\n", JsonText.Write(writer =>
        {
            writer.WriteBoolean("ready", whyNot is null);
            writer.WriteString("text", text);
        }));
    }
}

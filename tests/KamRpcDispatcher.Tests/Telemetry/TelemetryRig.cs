using System.Collections.Immutable;
using System.Text;
using KamailioRpc.Commands;
using KamRpcDispatcher.Cli.Telemetry;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace KamRpcDispatcher.Tests.Telemetry;

/// <summary>A dispatcher's telemetry with a cycle by hand, and its metrics as they are told.</summary>
internal sealed class TelemetryRig : IDisposable
{
    private readonly DispatcherTelemetry _telemetry;
    private readonly MetricsText _text;

    public TelemetryRig()
    {
        _telemetry = new DispatcherTelemetry("default", Clock);
        _text = new MetricsText(_telemetry.Meter, Clock);
        Status = new ProxyStatus(7, Clock.GetUtcNow(), "5.6", 1, ImmutableSortedDictionary<int, SetStatus>.Empty.Add(1, new SetStatus(2, 1) { Wanted = 2, Serving = 1, Drift = 1 }))
        {
            Contact = new KamailioContact(true, Clock.GetUtcNow(), null),
            List = new ListRoom(2, 400, 131_040),
            Troubles = [new ProxyTrouble(TroubleKind.Memory, Clock.GetUtcNow(), "short")],
            Shares = new ShareReport("map")
            {
                Classes = [new SharedClass(1, "v1", 950) { Calls = 90, Since = Clock.GetUtcNow(), Until = Clock.GetUtcNow() }, new SharedClass(1, "v2", 50) { Calls = 10, Since = Clock.GetUtcNow(), Until = Clock.GetUtcNow() }],
                Members = [new CountedMember(1, "a", "v1", 90)],
            },
        };
        _telemetry.Begin(new TelemetrySources
        {
            Status = () => (Status, TimeSpan.Zero),
            Membership = () => new Membership(9, [], []),
            Away = () => null,
            StoreHeard = () => TimeSpan.FromSeconds(1),
            Origins = static () => [("etcd", null)],
            KamailioAnswered = () => TimeSpan.FromSeconds(2),
            LeaseAge = () => TimeSpan.FromSeconds(3),
            Grace = () => new GraceStatus("auto", 1, 1, 1, 1, 0),
        });
    }

    public FakeTimeProvider Clock { get; } = new();

    public ProxyStatus Status { get; set; }

    public PushMetrics Pushes => _telemetry.Pushes;

    public ChangeLatency Latency => _telemetry.Latency;

    public void Observe(IReadOnlyList<Member> members, IReadOnlyList<ListedDestination> list, ChangePlan? plan = null, Func<Membership, Membership>? with = null)
    {
        var membership = new Membership(9, members, []);
        _telemetry.Observe(
            new CycleSituation(with?.Invoke(membership) ?? membership, [], new DispatcherTable(new KamailioVersion(5, 6), new KamailioInstance("then", string.Empty), list), plan ?? new ChangePlan(), ImmutableHashSet<EndpointKey>.Empty),
            lost: 0);
    }

    public AddressCheck Check(int set, string address) => _telemetry.Check(set, address);

    /// <summary>As a scrape a while later gets it.</summary>
    public string Read()
    {
        Clock.Advance(TimeSpan.FromSeconds(1));
        return Encoding.UTF8.GetString(_text.Read());
    }

    public static ListedDestination Listed(string uri, ListedState state = ListedState.Active, int set = 1) => new(set, uri, state, true, 0, "duid=x;kamrpc=default");

    public void Dispose()
    {
        _text.Dispose();
        _telemetry.Dispose();
    }
}

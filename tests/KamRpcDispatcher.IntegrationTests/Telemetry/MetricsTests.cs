using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Telemetry;

/// <summary>Metrics and health over HTTP, of real daemons beside a real Kamailio.</summary>
public sealed partial class MetricsTests
{
    private const string A = "sip:127.0.71.1:5060";
    private const string B = "sip:127.0.71.2:5060";
    private const string AnyPort = "127.0.0.1:0";

    private static readonly string Monitoring = Path.Combine(RealServers.RepositoryRoot, "samples", "monitoring");

    [Test]
    public async Task What_is_told_is_clean_and_follows_what_happens_and_a_drain_is_no_ill_health()
    {
        RealServers.Require("promtool");
        await using var fleet = await Fleet.StartAsync(options: null, "--metrics", AnyPort);
        using var scrape = await Scrape.OfAsync(fleet.Dispatcher);
        await fleet.PutUriAsync("1/a", A);
        await fleet.PutUriAsync("1/b", B);
        var text = await scrape.WaitAsync(Count("enabled", "up", 2));
        await Tool.RunAsync("promtool", ["check", "metrics"], text);

        Assert.That(text, Does.Contain("kamrpc_members{set=\"1\",state=\"ready\"} 2\n").And.Contain("kamrpc_etcd_reachable 1\n").And.Contain("kamrpc_kamailio_reachable 1\n").And.Contain("kamrpc_set_routable_destinations{set=\"1\"} 2\n"));
        Assert.That(Scrape.Value(text, "kamrpc_pushes_total{kind=\"add\",result=\"done\"}"), Is.GreaterThanOrEqualTo(2));
        Assert.That(Scrape.Value(text, "kamrpc_change_pushed_seconds_count"), Is.GreaterThanOrEqualTo(1));
        Assert.That(Scrape.Value(text, "kamrpc_lease_age_seconds"), Is.LessThan(10));
        Assert.That((await scrape.GetAsync("/readyz")).Text, Does.StartWith("healthy: Kamailio answers, is in step, and has somebody to route to in set 1"));
        Assert.That((await scrape.GetAsync("/readyz?set=7")).Status, Is.EqualTo(200), "nobody is announced in it");
        Assert.That(await scrape.GetAsync("/healthz"), Is.EqualTo((200, "ok\n")));
        Assert.That((await scrape.GetAsync("/check/1/127.0.71.1")).Status, Is.EqualTo(200));
        Assert.That((await scrape.GetAsync("/check/1/127.0.71.9")).Status, Is.EqualTo(404));

        Assert.That((await Kamrpc.RunAsync("drain", "a", "--set", "1", "--etcd", fleet.Etcd.Endpoint)).ExitCode, Is.Zero);
        text = await scrape.WaitAsync(Count("disabled", "up", 1));
        Assert.That(text, Does.Contain(Count("enabled", "up", 1) + "\n").And.Contain(Count("enabled", "down", 0) + "\n").And.Contain("kamrpc_member_state{set=\"1\",member=\"a\",state=\"drained\"} 1\n"));
        Assert.That(await scrape.GetAsync("/check/1/127.0.71.1"), Is.EqualTo((404, "no: a (sip:127.0.71.1:5060) is a member of set 1, and gets no calls; seen 0s ago\n")).Or.EqualTo((404, "no: a (sip:127.0.71.1:5060) is a member of set 1, and gets no calls; seen 1s ago\n")));

        await fleet.Etcd.StopAsync();
        await scrape.WaitAsync("kamrpc_etcd_reachable 0");
        Assert.That((await scrape.GetAsync("/readyz")).Text, Does.StartWith("healthy: ").And.Contain("etcd cannot be followed"));
        await fleet.Kamailio.StopAsync();
        text = await scrape.WaitAsync("kamrpc_kamailio_reachable 0");
        Assert.That((await scrape.GetAsync("/readyz")).Status, Is.EqualTo(503));
        Assert.That((await scrape.GetAsync("/check/1/127.0.71.2")).Status, Is.EqualTo(503));
        await Tool.RunAsync("promtool", ["check", "metrics"], text);
    }

    [Test]
    public async Task A_port_that_is_taken_keeps_nothing_else_from_being_done_and_is_taken_when_it_is_free()
    {
        using var other = new TcpListener(IPAddress.Loopback, RealServers.FreePort());
        other.Start();
        await using var fleet = await Fleet.StartAsync(options: null, "--metrics", other.LocalEndpoint.ToString()!);
        await fleet.Dispatcher.WaitForLineAsync($"Metrics and health are not told over HTTP: {other.LocalEndpoint} cannot be listened on", Fleet.Deadline);
        await fleet.PutUriAsync("1/a", A);
        await fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, A));

        other.Stop();
        using var scrape = await Scrape.OfAsync(fleet.Dispatcher);
        Assert.That((await scrape.GetAsync("/healthz")).Status, Is.EqualTo(200));
    }

    [Test]
    public async Task What_rules_and_dashboard_ask_for_is_told()
    {
        RealServers.Require("promtool");
        await using var fleet = await Fleet.StartAsync(options: null, "--metrics", AnyPort);
        using var dispatcher = await Scrape.OfAsync(fleet.Dispatcher);
        var announcer = await fleet.AnnounceAsync("a", A, "--metrics", AnyPort, "--label", "version=v1");
        using var announced = await Scrape.OfAsync(announcer);
        await fleet.PutAsync("1/b", $"{{\"uri\":\"{B}\",\"labels\":{{\"version\":\"v2\"}}}}");
        await fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, A) && Fleet.IsRoutable(list, B));
        var (exitCode, _, errors) = await Kamrpc.RunAsync("split", "1", "version=v1:90", "version=v2:10", "--etcd", fleet.Etcd.Endpoint);
        Assert.That(exitCode, Is.Zero, errors);
        var known = Scrape.Labels(await dispatcher.WaitAsync("kamrpc_share_wanted_ratio{set=\"1\",class=\"v1\"} 0.9"));
        foreach (var (name, labels) in Scrape.Labels((await announced.GetAsync("/metrics")).Text))
        {
            known.TryAdd(name, []);
            known[name].UnionWith(labels);
        }

        Assert.That((await announced.GetAsync("/readyz")), Is.EqualTo((200, "ready: all that is announced is ready, and stands in etcd\n")));
        await Tool.RunAsync("promtool", ["check", "rules", Path.Combine(Monitoring, "alerts.yml")], string.Empty);
        await Tool.RunAsync("promtool", ["test", "rules", Path.Combine(Monitoring, "alerts_test.yml")], string.Empty);
        await Tool.RunAsync("promtool", ["check", "config", Path.Combine(Monitoring, "prometheus.yml")], string.Empty);
        using var dashboard = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Monitoring, "dashboard.json")));
        var queries = dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(static panel => panel.TryGetProperty("targets", out _))
            .SelectMany(static panel => panel.GetProperty("targets").EnumerateArray()).Select(static target => target.GetProperty("expr").GetString()!)
            .Concat(RuleQuery().Matches(await File.ReadAllTextAsync(Path.Combine(Monitoring, "alerts.yml"))).Select(static rule => rule.Groups["expr"].Value)).ToList();

        var labelsOfAll = known.Values.SelectMany(static labels => labels).Concat(["instance", "le"]).ToHashSet();
        Assert.That(queries, Has.Count.GreaterThan(40));
        foreach (var query in queries)
        {
            foreach (Match used in Metric().Matches(query))
            {
                Assert.That(known, Does.ContainKey(used.Groups["name"].Value), query);

                Assert.That(LabelIn().Matches(used.Groups["labels"].Value).Select(static label => label.Value).Except(["instance"]), Is.SubsetOf(known[used.Groups["name"].Value]), query);
            }

            // A metric of which nothing is told at the moment shows no labels.
            Assert.That(Grouping().Matches(query).SelectMany(static group => group.Groups["labels"].Value.Split(", ")).Distinct(), Is.SubsetOf(labelsOfAll), query);
        }
    }

    private static string Count(string admin, string health, int count) => $"kamrpc_destinations{{set=\"1\",owner=\"kamrpc\",admin=\"{admin}\",health=\"{health}\"}} {count}";

    [GeneratedRegex("^ +expr: (?<expr>.+)$", RegexOptions.Multiline)]
    private static partial Regex RuleQuery();

    [GeneratedRegex("\\b(?<name>kamrpc_\\w+)(?:\\{(?<labels>[^}]*)\\})?")]
    private static partial Regex Metric();

    [GeneratedRegex("\\b(?:by|on) \\((?<labels>[^)]*)\\)")]
    private static partial Regex Grouping();

    [GeneratedRegex("[a-z]+(?=(?:=~|!=|=)\")")]
    private static partial Regex LabelIn();
}

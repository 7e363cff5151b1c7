using System.Diagnostics;
using System.Text.Json;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary>What <c>kamrpc status</c>, <c>explain</c> and <c>doctor</c> say of members that an operator has drained, at a real Kamailio.</summary>
[Parallelizable]
public sealed class DrainedStatusTests
{
    private const string A = "sip:127.0.0.1:7001";
    private const string B = "sip:127.0.0.1:7002";
    private const string Drain = """{"drain":true,"by":"ops@h1","at":"2026-01-31T12:00:00Z","reason":"kernel update"}""";

    private Fleet _fleet = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _fleet = await Fleet.StartAsync();
        await _fleet.PutUriAsync("1/a", A);
        await _fleet.PutUriAsync("1/b", B);
        await _fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, A) && Fleet.IsRoutable(list, B));
        await _fleet.ReportedAsync(2);
        await FindAsync();
    }

    [TearDown]
    public async Task StopAsync() => await (_fleet?.DisposeAsync() ?? default);

    [Test]
    public async Task One_of_two_is_drained_and_nothing_is_found()
    {
        await WishAsync("1/b", Drain);
        await _fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, A) && !Fleet.IsEnabled(list, B));

        var (exitCode, output) = await Kamrpc.WaitForStatusAsync("1 of 2 gets calls, 1 drained", "--etcd", _fleet.Etcd.Endpoint);
        Assert.That(output, Does.Contain("ops@h1"));
        Assert.That(exitCode, Is.Zero, output);
        await FindAsync();

        var explained = await Kamrpc.RunAsync("explain", "b", "--etcd", _fleet.Etcd.Endpoint);
        Assert.That((explained.ExitCode, explained.Errors), Is.EqualTo((0, string.Empty)), explained.Output);
        Assert.That(explained.Output.ReplaceLineEndings(" "), Does.Contain("b gets no calls, as it should: ops@h1 drained it"));
    }

    [Test]
    public async Task Where_all_are_drained_that_is_found_and_is_over_when_one_is_resumed()
    {
        await WishAsync("1/a", Drain);
        await WishAsync("1/b", Drain);

        var problems = await FindAsync("set-without-destination");
        Assert.That(problems[0], Does.Contain("2 members, each drained by an operator").And.Contain("kamrpc resume a b --set 1"));
        var (_, doctor) = await Kamrpc.WaitForAsync("drained by an operator", "doctor", "--etcd", _fleet.Etcd.Endpoint, "--kamailio", _fleet.Kamailio.RpcAddress);
        Assert.That(doctor, Does.Not.Contain("nobody is announced"));

        await _fleet.Store.Keys.DeleteRangeAsync(new DeleteRangeRequest { Key = Key("1/a") });
        await _fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, A) && !Fleet.IsEnabled(list, B));
        await FindAsync();
    }

    [Test]
    public async Task A_proxy_that_follows_no_intents_is_found_with_whom_it_goes_on_calling()
    {
        // As a dispatcher of before would report: it goes by members alone.
        var (status, _, _) = await new Reports(_fleet.Store).ReadAsync() ?? throw new InvalidOperationException("There is no report.");
        await WishAsync("1/b", Drain);
        await _fleet.WaitForListAsync(static list => !Fleet.IsEnabled(list, B));
        await _fleet.Etcd.PutAsync(_fleet.Keys.Proxy("p2"), System.Text.Encoding.UTF8.GetString(ProxyReport.Write(status with { Identity = null, Applies = ["members"], Intents = null, WrittenAt = DateTimeOffset.UtcNow })), leaseSeconds: 60);

        var problems = await FindAsync("member-still-serving", "intents-not-followed");
        Assert.That(problems[0], Does.Contain("b is drained").And.Contain("STILL GETS CALLS on p2"));
        Assert.That((await Kamrpc.RunAsync("explain", "b", "--etcd", _fleet.Etcd.Endpoint)).ExitCode, Is.EqualTo(1));
    }

    [Test]
    public async Task What_cannot_be_used_and_what_waits_for_a_member_to_come_back_are_told()
    {
        await WishAsync("1/z", Drain);
        var (exitCode, output) = await Kamrpc.WaitForStatusAsync("In step.", "--etcd", _fleet.Etcd.Endpoint);
        Assert.That((exitCode, output.Contains("DRAINED, NOT ANNOUNCED", StringComparison.Ordinal)), Is.EqualTo((0, true)), output);
        var absent = await Kamrpc.RunAsync("explain", "z", "--etcd", _fleet.Etcd.Endpoint);
        Assert.That((absent.ExitCode, absent.Errors.Contains("by ops@h1", StringComparison.Ordinal)), Is.EqualTo((1, true)), absent.Errors);

        await WishAsync("1/a", """{"drain":"yes"}""");
        Assert.That((await FindAsync("intents-not-readable"))[0], Does.Contain("/kamrpc/default/intents/1/a rejected: drain: neither true nor false"));
        Assert.That(Fleet.IsRoutable(await _fleet.Kamailio.ListAsync(), A));
    }

    /// <summary>As roles of before are.</summary>
    [Test]
    public async Task A_user_that_may_not_read_intents_is_told_that_it_does_not_know_who_is_drained()
    {
        using var folder = new TemporaryFolder();
        await using var etcd = await EtcdServer.StartAsync();
        await EtcdUsers.EnableAsync(etcd);
        await EtcdUsers.AddAsync(etcd, "status", "secret", "read --prefix=true /kamrpc/default/members/", "read --prefix=true /kamrpc/default/proxies/");
        await etcd.PutAsync("/kamrpc/default/members/1/a", $"{{\"uri\":\"{A}\"}}");
        var password = await EtcdUsers.WritePasswordAsync(folder, "secret");

        var (exitCode, output, errors) = await Kamrpc.RunAsync("status", "-o", "json", "--etcd", etcd.Endpoint, "--etcd-user", "status", "--etcd-password-file", password);

        Assert.That((exitCode, errors), Is.EqualTo((1, string.Empty)), output);
        var status = JsonElement.Parse(output);
        Assert.That(Codes(status), Does.Contain("intents-not-readable"));
        Assert.That((status.GetProperty("members").GetArrayLength(), status.GetProperty("intentsRefused").GetString()), Is.EqualTo((1, "permission denied: its role needs read on the prefix /kamrpc/default/intents/; etcdctl role grant-permission ROLE read --prefix=true /kamrpc/default/intents/")));
    }

    private ByteString Key(string member) => ByteString.CopyFromUtf8(_fleet.Keys.Intents + member);

    private async Task WishAsync(string member, string value) => await _fleet.Store.Keys.PutAsync(new PutRequest { Key = Key(member), Value = ByteString.CopyFromUtf8(value) });

    private static string[] Codes(JsonElement status) => [.. status.GetProperty("problems").EnumerateArray().Select(static problem => problem.GetProperty("code").GetString()!)];

    /// <summary>Looks again and again until these codes are found, and no others.</summary>
    /// <returns>The sentences of the findings.</returns>
    private async Task<string[]> FindAsync(params string[] codes)
    {
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            var (exitCode, output, errors) = await Kamrpc.RunAsync("status", "-o", "json", "--etcd", _fleet.Etcd.Endpoint);
            var status = JsonElement.Parse(output);
            if (Codes(status).SequenceEqual(codes))
            {
                Assert.That(exitCode, Is.EqualTo(codes.Length == 0 ? 0 : 1), errors);
                return [.. status.GetProperty("findings").EnumerateArray().Select(static finding => finding.GetString()!)];
            }

            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), output);
        }
    }
}

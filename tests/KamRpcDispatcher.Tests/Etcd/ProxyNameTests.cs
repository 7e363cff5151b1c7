using System.Collections.Immutable;
using System.Diagnostics;
using System.Threading.Channels;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Format;
using KamRpcDispatcher.Linux;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>Who may report under a proxy's name.</summary>
public class ProxyNameTests
{
    private const string Address = "jsonrpc+unix:/run/kamailio/kamailio_rpc.sock";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(10);
    private static readonly ProxyIdentity Own = ProxyIdentity.Here(Address, "4711-100");
    private static readonly ProxyIdentity Other = Own with { Kamailio = "jsonrpc+unix:/run/kamailio-b/kamailio_rpc.sock", Process = $"{Environment.ProcessId}-200" };

    private readonly FakeTimeProvider _time = new();
    private Process _other = null!;

    /// <summary>A daemon that is not this process, and lives.</summary>
    private string Alive => ProcessInstance.Format(_other.Id, ProcessInstance.StartOf(_other.Id)!);

    [OneTimeSetUp]
    public void StartOther() => _other = Process.Start("sleep", "600");

    [OneTimeTearDown]
    public void StopOther()
    {
        _other.Kill();
        _other.Dispose();
    }

    [Test]
    public void The_same_Kamailio_has_its_report_back_at_once_whatever_address_leads_to_it()
    {
        Assert.That(Name().MayTakeOver(Report(Own)), Is.True);
        Assert.That(Name().MayTakeOver(Report(Own with { Kamailio = "jsonrpc+udp://127.0.0.1:8090" })), Is.True);
    }

    [Test]
    public void So_has_the_next_Kamailio_at_the_same_address_when_the_first_one_has_ended_or_was_not_seen()
    {
        Assert.That(Name().MayTakeOver(Report(Own with { Process = "2147483646-1" })), Is.True);
        Assert.That(Name().MayTakeOver(Report(Own with { Process = null })), Is.True);
        Assert.That(Name().MayTakeOver(Report(Own with { Process = $"{Environment.ProcessId}-1" })), Is.False, "it lives");
    }

    [Test]
    public async Task A_second_daemon_for_the_same_Kamailio_ends_at_once_and_names_the_first_which_lives()
    {
        var name = Name();
        Assert.That(name.MayTakeOver(Report(Own with { Daemon = Alive })), Is.False);

        var taken = await Assert.ThrowsAsync<ProxyNameTakenException>(() => name.Taken);
        Assert.That(taken!.Message, Does.Contain("works for this Kamailio").And.Contain($"(PID {_other.Id})").And.Contain("Stop it first"));
    }

    [Test]
    public void What_a_daemon_left_that_has_ended_is_taken_back_at_once()
    {
        Assert.That(Name().MayTakeOver(Report(Own with { Daemon = "2147483646-1" })), Is.True);
        Assert.That(Name().MayTakeOver(Report(Own with { Daemon = $"{_other.Id}-1" })), Is.True, "its id is another process's now");
        Assert.That(Name().MayTakeOver(Report(Own with { Daemon = Alive, Machine = "another" })), Is.False, "what lives there is not seen from here");
    }

    [Test]
    public async Task Of_two_for_one_Kamailio_the_one_that_does_not_see_it_ends_however_long_it_has_been_at_work()
    {
        var blind = new ProxyName("edge", static () => Own with { Process = null }, Ttl, _time, NullLogger.Instance);
        blind.Held();
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.That(blind.MayTakeOver(Report(Own with { Daemon = Alive })), Is.False);
        await Assert.ThrowsAsync<ProxyNameTakenException>(() => blind.Taken);

        Assert.That(Name().MayTakeOver(Report(Own with { Daemon = Alive, Process = null })), Is.True, "and the other one reports");
    }

    [Test]
    public void Two_for_one_Kamailio_that_meet_late_are_a_clash_that_ends_nobody()
    {
        var name = Name();
        name.Held();
        Assert.That(LookFor(name, TimeSpan.FromSeconds(15), Report(Own with { Daemon = Alive })), Is.True, "its turn");
        Assert.That(name.Clash?.Text, Does.Contain($"(PID {_other.Id})"));
        Assert.That(name.Taken.IsCompleted, Is.False);
    }

    [Test]
    public async Task One_of_another_machine_waits_for_the_lease_of_what_it_found_and_ends_when_that_is_kept_alive()
    {
        var name = Name();
        LookFor(name, Ttl, Report(Own with { Machine = "another" }));
        Assert.That(name.Taken.IsCompleted, Is.False);

        LookFor(name, TimeSpan.FromSeconds(15), Report(Own with { Machine = "another" }));

        var taken = await Assert.ThrowsAsync<ProxyNameTakenException>(() => name.Taken);
        Assert.That(taken!.Message, Does.Contain("'edge'").And.Contain(Environment.MachineName).And.Contain("--proxy NAME"));
    }

    [Test]
    public async Task An_earlier_versions_report_says_nothing_of_whom_it_is_and_is_waited_for_too()
    {
        var name = Name();
        Assert.That(name.MayTakeOver(Report(null)), Is.False);
        LookFor(name, TimeSpan.FromSeconds(25), Report(null));
        await Assert.ThrowsAsync<ProxyNameTakenException>(() => name.Taken);
    }

    /// <summary>What a daemon left that was killed in another container; a new leader gives its lease the whole time again.</summary>
    [Test]
    public void A_lease_that_etcds_next_leader_has_prolonged_is_waited_for_too()
    {
        var name = Name();
        LookFor(name, Ttl * 2, Report(Other));
        Assert.That(name.Taken.IsCompleted, Is.False);
    }

    [Test]
    public void Looks_between_which_etcd_was_away_begin_the_wait_anew()
    {
        var name = Name();
        LookFor(name, TimeSpan.FromSeconds(12), Report(Other));
        _time.Advance(TimeSpan.FromSeconds(4));
        LookFor(name, TimeSpan.FromSeconds(12), Report(Other));
        Assert.That(name.Taken.IsCompleted, Is.False);
    }

    [Test]
    public void Looks_that_are_far_apart_prove_no_life()
    {
        var name = Name();
        for (var look = 0; look < 10; look++)
        {
            Assert.That(name.MayTakeOver(Report(Other)), Is.False);
            _time.Advance(Ttl);
        }

        Assert.That(name.Taken.IsCompleted, Is.False);
    }

    [Test]
    public void A_clash_that_shows_later_is_told_and_ends_nobody()
    {
        var name = Name();
        name.Held();
        Assert.That(LookFor(name, Ttl, Report(Other)), Is.False);
        Assert.That(LookFor(name, TimeSpan.FromSeconds(5), Report(Other)), Is.True, "its turn");
        Assert.That(name.Clash?.Kind, Is.EqualTo(TroubleKind.Name));
        Assert.That(name.Clash!.Text, Does.Contain("edge").And.Contain("/run/kamailio-b/").And.Contain("--proxy"));
        Assert.That(name.Taken.IsCompleted, Is.False);

        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.That(name.Clash, Is.Null, "the other one has left");
    }

    [Test]
    public void One_that_comes_upon_it_late_because_etcd_was_away_is_not_ended_either()
    {
        var name = Name();
        _time.Advance(TimeSpan.FromMinutes(1));
        LookFor(name, TimeSpan.FromSeconds(15), Report(Other));
        Assert.That(name.Taken.IsCompleted, Is.False);
        Assert.That(name.Clash, Is.Not.Null);
    }

    [Test]
    public void While_two_have_one_name_their_reports_acknowledge_nothing()
    {
        var status = new ProxyStatus(40, default, "5.6", 0, ImmutableSortedDictionary<int, SetStatus>.Empty) { Silenced = 42 };
        Assert.That(Acknowledgements.Silenced(ProxyReport.Write(ProxyReport.Signed(status, Own, null)), 42, newest: 50), Is.Not.Null);
        Assert.That(Acknowledgements.Silenced(ProxyReport.Write(ProxyReport.Signed(status, Own, new ProxyTrouble(TroubleKind.Name, default, "two"))), 1, newest: 50), Is.Null);

        var wished = status with { Intents = new IntentsProgress(41, 42) };
        Assert.That(ProxyReport.Signed(wished, Own, null).Intents, Is.EqualTo(wished.Intents));
        Assert.That(ProxyReport.Signed(wished, Own, new ProxyTrouble(TroubleKind.Name, default, "two")).Intents, Is.EqualTo(new IntentsProgress(0, 0)));
    }

    [Test]
    public async Task What_is_written_over_another_proxys_report_acknowledges_nothing_from_the_first_moment()
    {
        await using var etcd = await FakeEtcd.StartAsync();
        Assert.That(EtcdEndpoints.TryParse(etcd.Endpoint, out var endpoints, out _));
        using var store = new EtcdConnection(endpoints!, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var written = Channel.CreateUnbounded<string>();
        etcd.Before = (request, _) =>
        {
            if (request is TxnRequest { Success: [{ RequestPut: { } put }, ..] })
            {
                written.Writer.TryWrite(put.Value.ToStringUtf8());
            }

            return Task.CompletedTask;
        };
        var report = new ProxyReport(store, new EtcdKeys("default"), "edge", static () => Own, TimeSpan.FromSeconds(2), TimeProvider.System, NullLogger<ProxyReport>.Instance) { Serves = [1, 5] };
        var running = report.RunAsync(static _ => { }, stop.Token);
        foreach (var revision in new[] { 40, 41, 42 })
        {
            // With the third one it is known that the name is held.
            report.Report(new ProxyStatus(revision, default, "5.6", 0, ImmutableSortedDictionary<int, SetStatus>.Empty) { Silenced = revision });
            Assert.That(await written.Reader.ReadAsync().AsTask().WaitAsync(Deadline), Does.Contain($"\"silenced\":{revision}").And.Contain("\"serves\":[1,5]"));
        }

        // The other one takes the name, as it may while this one stands still for longer than its lease lives.
        var lease = ((LeaseGrantResponse)etcd.Model.Answer(new LeaseGrantRequest { TTL = 600 })).ID;
        etcd.Model.Answer(new TxnRequest
        {
            Success = { new RequestOp { RequestPut = new PutRequest { Key = ByteString.CopyFromUtf8("/kamrpc/default/proxies/edge"), Value = ByteString.CopyFrom(Report(Other).Span), Lease = lease } } },
        });

        Assert.That(await written.Reader.ReadAsync().AsTask().WaitAsync(Deadline), Does.Contain("\"silenced\":0").And.Contain("\"kind\":\"name\""));
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [Test]
    public void Of_two_proxies_with_one_name_the_report_of_the_one_with_other_sets_says_nothing_of_the_ones_that_leave()
    {
        Acknowledgements.Report other = new("edge", Progress("\"serves\":[77]")), all = new("b", Progress("\"kamailio\":\"5.6\"")), odd = new("c", Progress("\"serves\":[\"x\"]"));
        Assert.That(Acknowledgements.Of([other], 1, 50, [5, 77]), Has.Property("Unserved").EquivalentTo(new[] { 5 }).And.Property("Missing").Empty);
        Assert.That(Acknowledgements.Of([other, all], 1, 50, [5]).Unserved, Is.Empty);
        Assert.That(Acknowledgements.Of([other, odd], 1, 50, [5]).Unserved, Is.Empty, "it may serve any");
        Assert.That(Acknowledgements.Of([new("edge", null)], 1, 50, [5]), Has.Property("Unserved").Empty.And.Property("Missing").EqualTo(new[] { "edge" }));
    }

    [Test]
    public void A_report_that_tells_of_a_clash_acknowledges_nothing_and_is_named_with_it_whatever_else_it_says()
    {
        var progress = Progress("\"trouble\":[1,{\"kind\":2},{\"kind\":\"name\"}]");
        Assert.That(progress!.Silenced, Is.EqualTo(42));
        Assert.That(Acknowledgements.Of([new("edge", progress)], 1, 50, [5]).Missing, Is.EqualTo(new[] { "edge (another proxy reports under this name too)" }));
    }

    private static ProxyProgress? Progress(string field) => ProxyRecord.ReadProgress(System.Text.Encoding.UTF8.GetBytes($$"""{"revision":40,"silenced":42,{{field}}}"""));

    private static ReadOnlyMemory<byte> Report(ProxyIdentity? identity) =>
        ProxyReport.Write(new ProxyStatus(1, default, "5.6", 0, ImmutableSortedDictionary<int, SetStatus>.Empty) { Identity = identity });

    private ProxyName Name() => new("edge", static () => Own, Ttl, _time, NullLogger.Instance);

    /// <summary>Looks once a second, as the keeper does; true as soon as it may be taken over.</summary>
    private bool LookFor(ProxyName name, TimeSpan time, ReadOnlyMemory<byte> report)
    {
        for (var until = _time.GetUtcNow() + time; _time.GetUtcNow() < until; _time.Advance(TimeSpan.FromSeconds(1)))
        {
            if (name.MayTakeOver(report))
            {
                return true;
            }
        }

        return false;
    }
}

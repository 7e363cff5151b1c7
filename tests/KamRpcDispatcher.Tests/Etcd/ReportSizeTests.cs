using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Contact;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Format;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>Whatever trouble ten thousand members are in, whatever they are called: a report is short, and says how many it does not name.</summary>
public class ReportSizeTests
{
    private const int Crowd = 10_000;
    private const int Limit = 16 * 1024;

    private static readonly DispatcherTable Empty = new(KamailioVersion.Read("kamailio 5.6.3 (x86_64/linux)"), new KamailioInstance("then", string.Empty), []);
    private static readonly string Longest = new('n', MemberValidation.MaxNameLength - 6);

    [Test]
    public void All_refused()
    {
        var members = Many();
        var quarantine = new Quarantine(TimeProvider.System);
        foreach (var member in members)
        {
            quarantine.Refuse(new AddDestination(member.Key.Set, member.Uri.Text, 8, 0, AttributeText.Format(member, "c")), new string('\u001b', 4000));
        }

        var status = Written(members, Empty, quarantine);
        Assert.That(status.Quarantined.Length + status.MoreQuarantined, Is.EqualTo(Crowd));
        Assert.That(status.Deviations.Length + status.MoreDeviations, Is.EqualTo(Crowd));
        Assert.That(status.Deviations[0].Kind, Is.EqualTo("refused"));
        Assert.That(status.Quarantined, Is.Not.Empty);
        Assert.That(status.Sets[1], Is.EqualTo(new SetStatus(0, 0) { Wanted = Crowd, Serving = 0, Drift = Crowd, Refused = Crowd }));
    }

    [Test]
    public void All_held()
    {
        var members = Many();
        var status = Written([], Listed(members, ListedState.Inactive), held: members);

        Assert.That(status.Held.Length + status.MoreHeld, Is.EqualTo(Crowd));
        Assert.That(status.Held, Has.Length.GreaterThan(10), "so that they can be confirmed in rounds");
        Assert.That(status.Deviations.Length + status.MoreDeviations, Is.EqualTo(Crowd));
    }

    [Test]
    public void Held_members_of_every_set_are_named()
    {
        var members = Many().Select(static (member, index) => member with { Key = new MemberKey(index < 9_990 ? 1 : index, member.Key.Name) }).ToList();
        var status = Written([], Listed(members, ListedState.Active), held: members);

        Assert.That(status.Held.Take(11).Select(static member => member.Key.Set), Is.EqualTo(new[] { 1 }.Concat(Enumerable.Range(9_990, 10))));
    }

    [Test]
    public void All_superseded_and_one_of_them_leaves()
    {
        var others = Many().Select(static (member, index) => member with { Key = new MemberKey(1, $"first-{index}"), State = index == 7_777 ? MemberState.Draining : MemberState.Ready }).ToList();
        var members = Many().Select(static member => member with { CreatedRevision = 9 }).ToList();
        var status = Written([.. members, .. others], Listed(members, ListedState.Active));

        Assert.That(status.Superseded.Length + status.MoreSuperseded, Is.EqualTo(Crowd));
        Assert.That(status.Superseded[0], Is.EqualTo(new SupersededMember(new MemberKey(1, "first-7777"), members[7_777].Key, IsServed: true) { IsLeaving = true }));
        Assert.That(status.MoreSupersededLeaving, Is.Zero, "whoever leaves finds its name, or is not one of them");
        Assert.That(status.Sets[1], Is.EqualTo(new SetStatus(Crowd, Crowd) { Wanted = (2 * Crowd) - 1, Serving = Crowd }));
    }

    [Test]
    public void All_superseded_and_all_of_those_leave()
    {
        var others = Many().Select(static (member, index) => member with { Key = new MemberKey(1, $"first-{index}"), State = MemberState.Draining }).ToList();
        var members = Many();
        var status = Written([.. members, .. others], Listed(members, ListedState.Active));

        Assert.That(status.MoreSupersededLeaving, Is.EqualTo(status.MoreSuperseded).And.GreaterThan(0));
        Assert.That(status.Superseded.Length + status.MoreSupersededLeaving, Is.EqualTo(Crowd));
    }

    [Test]
    public void Each_in_a_set_of_its_own()
    {
        var members = Many().Select(static (member, index) => member with { Key = new MemberKey(100_000_000 + index, member.Key.Name) }).ToList();
        var table = Listed([.. members.Take(Crowd - 3)], ListedState.Active);
        var status = Written(members, table);

        Assert.That(status.Sets.Count + status.MoreSets, Is.EqualTo(Crowd));
        Assert.That(members.TakeLast(3).Select(member => status.Sets[member.Key.Set]), Is.All.EqualTo(new SetStatus(0, 0) { Wanted = 1, Serving = 0, Drift = 1 }), "those without anybody are named before others");
    }

    [Test]
    public void A_set_without_a_routable_destination_is_named_before_hundreds_that_lack_somebody()
    {
        var sets = Enumerable.Range(1, 1_000).ToImmutableSortedDictionary(static set => set, static set => set == 900 ? new SetStatus(3, 0) { Wanted = 0, Serving = 0 } : new SetStatus(3, 2) { Wanted = 3, Serving = 2 });

        var status = Read(ProxyReport.Write(Status([], Empty, new Quarantine(TimeProvider.System)) with { Sets = sets }));

        Assert.That(status.MoreSets, Is.GreaterThan(0));
        Assert.That(status.Sets, Does.ContainKey(900), "nobody is ready there: whoever counts by that leaves it out");
    }

    [TestCase("", Description = "of this length")]
    [TestCase("\u0001", Description = "six times as long in JSON")]
    [TestCase("\ud83d\ude00", Description = "twelve times")]
    public void Everything_at_once(string text)
    {
        var longText = text.Length == 0 ? new string('x', 5000) : string.Concat(Enumerable.Repeat(text, 2500));
        var many = Many();
        var status = Status(many, Empty, new Quarantine(TimeProvider.System)) with
        {
            Contact = new KamailioContact(false, DateTimeOffset.UtcNow, ContactReason.Of(new KamailioRpc.Errors.KamailioFaultException("core.uptime", 500, longText))),
            Version = "10.20.30",
            Sources = [.. Enumerable.Range(1, 30).Select(number => new ReportedSource($"file:/{longText}/{number}", [.. Enumerable.Range(int.MaxValue - 100, 100)]))],
            Loop = new LoopStatus(LoopStep.Grace, TimeSpan.FromDays(20), TimeSpan.FromDays(20)),
            Follows = new FollowedMembers(long.MaxValue, int.MaxValue),
            WrittenAt = DateTimeOffset.UtcNow,
            Identity = new ProxyIdentity(new string('m', 64), new string('h', 64), "jsonrpc+unix:/" + new string('p', 107), "4194304-9223372036854775807") { Daemon = "4194304-9223372036854775807" },
            Grace = new GraceStatus("observed (system calls and wait channels)", long.MaxValue, 99999.99, 99999.99, 99999.99, long.MaxValue),
            Troubles = [.. Enumerable.Range(0, 30).Select(number => new ProxyTrouble($"unreadable{number}", DateTimeOffset.UtcNow, longText) { Sets = [.. Enumerable.Range(int.MaxValue - 8, ProxyTrouble.MostSets)] })],
            Held = [.. many.Take(ProxyStatus.MostHeld)],
            MoreHeld = Crowd - ProxyStatus.MostHeld,
            Quarantined = [.. many.Take(ProxyStatus.MostQuarantined).Select(static member => new QuarantinedDestination(1, member.Uri.Text, ReportText.Line(new string('"', 1000), 160), DateTimeOffset.UtcNow))],
            MoreQuarantined = Crowd - ProxyStatus.MostQuarantined,
            Superseded = [.. many.Take(ProxyStatus.MostSuperseded).Select(static member => new SupersededMember(member.Key, member.Key, true) { IsLeaving = true })],
            MoreSuperseded = Crowd - ProxyStatus.MostSuperseded,
            MoreSupersededLeaving = Crowd - ProxyStatus.MostSuperseded,
            Zone = new string('z', MemberValidation.MaxAttributeLength),
            Starting = [.. many.Take(StartingMember.MostInReport).Select(static member => new StartingMember(member.Key, 90))],
            MoreStarting = Crowd - StartingMember.MostInReport,
            Sets = Enumerable.Range(1_000_000_000, Crowd).ToImmutableSortedDictionary(static set => set, static _ => new SetStatus(Crowd, Crowd) { Wanted = Crowd, Serving = Crowd, Zone = ZoneUse.Absent }),
        };

        var read = Read(ProxyReport.Write(status));
        Assert.That(read.Held.Length + read.MoreHeld, Is.EqualTo(Crowd));
        Assert.That(read.Superseded.Length + read.MoreSupersededLeaving, Is.EqualTo(Crowd));
        Assert.That(read.Starting.Length + read.MoreStarting, Is.EqualTo(Crowd));
        Assert.That(read.Troubles, Has.Length.EqualTo(ProxyTrouble.MostInReport));
        Assert.That(new[] { read.Sets.Count, read.Held.Length, read.Deviations.Length, read.Quarantined.Length, read.Superseded.Length }, Is.All.GreaterThan(0), "each list has some room of its own");
    }

    [Test]
    public void What_a_cycle_spends_on_it_is_told()
    {
        var members = Enumerable.Range(0, Crowd).Select(static number => Members.Of($"asterisk-{number}", uri: $"sip:10.0.{number / 250}.{1 + (number % 250)}:5060")).ToList();
        foreach (var state in new[] { ListedState.Active, ListedState.Inactive })
        {
            var table = Listed(members, state);
            var policy = new PlanPolicy("c") { HasPriorities = false };
            var view = new CycleView(new Membership(5, members, []), [], table, Planner.Plan(members, table.Destinations, policy), policy);
            var tracker = new DeviationTracker(TimeProvider.System);
            var times = new List<double>();
            for (var round = 0; round < 10; round++)
            {
                var begun = Stopwatch.GetTimestamp();
                tracker.Track(DeviationFinder.Compare(view).Deviations);
                times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }

            TestContext.Out.WriteLine($"{Crowd} members, all {state}, compared with the list: {times.Order().ElementAt(5):0.0} ms (median of 10)");
            Assert.That(times.Min(), Is.LessThan(250), "of each second");
        }
    }

    /// <summary>As hostile as a member's record may be.</summary>
    private static List<Member> Many() =>
        [.. Enumerable.Range(0, Crowd).Select(static number => Members.Of($"{Longest}{number:000000}", uri: $"sip:{string.Join('.', Enumerable.Repeat("label-of-a-host-name", 9))}-{number}:5060;transport=udp"))];

    private static DispatcherTable Listed(IReadOnlyList<Member> members, ListedState state) =>
        Empty with { Destinations = [.. members.Select(member => new ListedDestination(member.Key.Set, member.Uri.Text, state, true, 1, AttributeText.Format(member, "c")))] };

    private static ProxyStatus Written(IReadOnlyList<Member> members, DispatcherTable table, Quarantine? quarantine = null, IReadOnlyList<Member>? held = null) =>
        Read(ProxyReport.Write(Status(members, table, quarantine ?? new Quarantine(TimeProvider.System), held)));

    /// <summary>By the way that a cycle goes.</summary>
    private static ProxyStatus Status(IReadOnlyList<Member> members, DispatcherTable table, Quarantine quarantine, IReadOnlyList<Member>? held = null)
    {
        var policy = new PlanPolicy("c") { Refused = quarantine.Held, HasPriorities = false };
        var membership = new Membership(5, members, []);
        var plan = Planner.Plan([.. members, .. held ?? []], table.Destinations, policy);
        var comparison = DeviationFinder.Compare(new CycleView(membership, held ?? [], table, plan, policy) { Refusals = quarantine.ByDestination() });
        return new ProxyStatusBuilder(quarantine, static () => default, TimeProvider.System).Build(membership, table, plan, areShared: true, [.. held ?? []], comparison, null, ShareSituation.None);
    }

    private static ProxyStatus Read(byte[] report)
    {
        Assert.That(report, Has.Length.LessThan(Limit));
        Assert.That(ProxyRecord.TryRead(report, out var status, out var error), error);
        Assert.That(JsonElement.Parse(report).ValueKind, Is.EqualTo(JsonValueKind.Object));
        return status!;
    }
}

using System.Collections.Immutable;
using System.Text;
using CsCheck;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Format;
using KamRpcDispatcher.Sources;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

public class ProxyRecordTests
{
    private const string Least = """{"revision":5,"appliedAt":"2026-01-31T12:00:00Z","kamailio":"5.6","drift":0,"sets":{}}""";

    // What JSON and terminals may stumble over: quotes, controls, line ends, more than ASCII.
    private static readonly Gen<string> Texts = Gen.Char["a \"\\/\0\r\n\t\u001b<>&'é漢\u2028\uffff"].Array[0, 20].Select(static text => new string(text));

    private static readonly Gen<double> Milliseconds = Gen.Double[0, 100_000].Select(static value => Math.Round(value, 2));

    private static readonly Gen<ProxyStatus> Statuses =
        from revision in Gen.Long[0, long.MaxValue]
        from appliedAt in Gen.DateTimeOffset
        from kamailio in Texts
        from drift in Gen.Int[0, int.MaxValue]
        from sets in Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[0, int.MaxValue], Gen.Int[0, int.MaxValue]).Array[0, 4]
        from held in Gen.Select(Gen.Int[0, int.MaxValue], Gen.Char["abc019._:@-"].Array[0, 8]).Array[0, 4]
        from quarantined in Gen.Select(Gen.Int[0, int.MaxValue], Texts, Texts, Gen.DateTimeOffset).Array[0, 4]
        from isFromSnapshot in Gen.Bool
        from silenced in Gen.Long[-1, long.MaxValue]
        from applies in Texts.Array[0, 3]
        from superseded in Gen.Select(Gen.Int[0, 1000], Gen.Char["abc019._:@-"].Array[0, 8], Gen.Bool, Gen.Bool).Array[0, 3]
        from more in Gen.Int[0, 1_000_000].Array[6]
        from contact in Gen.Select(Gen.Bool, Gen.DateTimeOffset, Texts, Gen.Int[0, 2])
        from writer in Gen.Select(Texts, Gen.DateTimeOffset, Gen.Bool)
        from shares in Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[0, int.MaxValue], Gen.Bool)
        from deviations in Gen.Select(Texts, Gen.Int[0, int.MaxValue], Texts, Texts, Gen.DateTimeOffset, Gen.Select(Texts, Gen.DateTimeOffset, Gen.Bool)).Array[0, 3]
        from troubles in Gen.Select(Texts, Gen.DateTimeOffset, Texts).Array[0, ProxyTrouble.MostInReport]
        from identity in Gen.Select(Texts, Texts, Texts, Texts)
        from isIdentified in Gen.Bool
        from loop in Gen.Select(Texts, Gen.Int[0, int.MaxValue], Gen.Int[0, int.MaxValue])
        from counts in Gen.Int[0, 5].Array[5]
        from grace in Gen.Select(Texts, Gen.Long[0, long.MaxValue], Milliseconds, Milliseconds, Milliseconds, Gen.Long[0, long.MaxValue])
        select new ProxyStatus(
            revision,
            appliedAt,
            kamailio,
            drift,
            sets.DistinctBy(static set => set.Item1).ToImmutableSortedDictionary(static set => set.Item1, set => new SetStatus(set.Item2, set.Item3) { Wanted = shares.Item3 ? shares.Item1 : null, Serving = shares.Item3 ? shares.Item2 : null, Full = shares.Item3 ? shares.Item1 * 4L : null, Drift = counts[0], Held = counts[1], Refused = counts[2], Zone = counts[3] is var use and < 3 ? (ZoneUse)use : null }))
        {
            Held = [.. held.Select(static member => new Member(new MemberKey(member.Item1, "n" + new string(member.Item2)), SipUri.Parse("sips:[::1]:5070")))],
            Quarantined = [.. quarantined.Select(static entry => new QuarantinedDestination(entry.Item1, entry.Item2, entry.Item3, entry.Item4))],
            IsFromSnapshot = isFromSnapshot,
            Silenced = silenced < 0 ? null : silenced,
            Applies = [.. applies],
            Intents = counts[2] == 0 ? null : new IntentsProgress(revision / 2, counts[2] == 1 ? null : revision / 3),
            Intent = counts[1] == 0 ? null : new ProxyIntent(revision / 2, counts[1] == 1) { By = counts[1] == 1 ? "ops@host" : null, At = counts[2] == 0 ? null : DateTimeOffset.UnixEpoch, Reason = counts[2] == 1 ? "new disk" : null },
            Serves = [.. Enumerable.Range(3, counts[0])],
            Zone = counts[3] < 3 ? writer.Item1 : null,
            Starting = [.. superseded.Select(static entry => new StartingMember(new MemberKey(entry.Item1, "a" + new string(entry.Item2)), 10))],
            MoreStarting = more[0],
            Contact = contact.Item4 == 0 ? null : new KamailioContact(contact.Item1, contact.Item2, contact.Item4 == 1 ? null : contact.Item3),
            Version = writer.Item3 ? writer.Item1 : null,
            Shares = counts[0] == 0 ? null : new ShareReport("map")
            {
                IsCounted = counts[1] == 0 ? null : counts[1] == 1,
                Classes = [.. Enumerable.Range(1, counts[2]).Select(number => new SharedClass(number, "v2", 50) { Calls = counts[1] == 1 ? number : null, Since = counts[1] == 1 ? contact.Item2 : null })],
                Members = [.. Enumerable.Range(1, counts[3]).Select(static number => new CountedMember(number, "a", "v2", 7))],
                MoreMembers = counts[4],
            },
            List = counts[4] == 0 ? null : new ListRoom(counts[1], counts[2], counts[3] == 0 ? null : counts[3]),
            WrittenAt = writer.Item3 ? writer.Item2 : null,
            Deviations = [.. deviations.Select(static entry => new Deviation(entry.Item1, entry.Item2, entry.Item3, entry.Item4, entry.Item5)
            {
                Flags = entry.Item6.Item3 ? entry.Item6.Item1 : null,
                Reason = entry.Item6.Item3 ? null : entry.Item6.Item1,
                Until = entry.Item6.Item3 ? entry.Item6.Item2 : null,
            })],
            MoreDeviations = more[0],
            MoreHeld = more[1],
            MoreQuarantined = more[2],
            MoreSets = more[3],
            MoreSuperseded = more[4],
            MoreSupersededLeaving = more[5],
            Superseded = [.. superseded.Select(static entry => new SupersededMember(new MemberKey(entry.Item1, "a" + new string(entry.Item2)), new MemberKey(entry.Item1, "b"), entry.Item3) { IsLeaving = entry.Item4 })],
            Troubles = [.. troubles.Select(entry => new ProxyTrouble(entry.Item1, entry.Item2, entry.Item3) { Sets = [.. Enumerable.Range(7, counts[3])] })],
            Loop = counts[4] > 0 ? new LoopStatus(loop.Item1, TimeSpan.FromMilliseconds(loop.Item2), TimeSpan.FromMilliseconds(loop.Item3)) : null,
            Follows = counts[4] > 1 ? new FollowedMembers(loop.Item2, loop.Item3) : null,
            Identity = isIdentified ? new ProxyIdentity(identity.Item1, identity.Item2, identity.Item3, identity.Item4.Length > 0 ? identity.Item4 : null) { Daemon = identity.Item4.Length > 1 ? identity.Item4 : null } : null,
            Grace = new GraceStatus(grace.Item1, grace.Item2, grace.Item3, grace.Item4, grace.Item5, grace.Item6),
        };

    [Test]
    public void What_a_proxy_writes_is_read_again() => Statuses.Sample(
        static status => ProxyRecord.TryRead(ProxyReport.Write(status), out var read, out _) && IsSame(read, status),
        iter: 5_000);

    [Test]
    public void Whatever_is_found_is_read_or_refused_with_a_reason_that_can_be_printed() =>
        Gen.Select(Statuses, Gen.Int[0, int.MaxValue], Gen.Byte).Sample(
            static (status, at, next) =>
            {
                var value = ProxyReport.Write(status);
                value[at % value.Length] = next;
                return ProxyRecord.TryRead(value, out _, out var error) || error.All(static c => c is >= ' ' and <= '~');
            },
            iter: 20_000);

    [Test]
    public void Times_are_written_in_UTC_whatever_they_were_and_read_in_either_form()
    {
        var status = Read(Least) with { AppliedAt = new DateTimeOffset(2026, 1, 31, 14, 0, 0, 250, TimeSpan.FromHours(2)), WrittenAt = new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero) };

        var written = Encoding.UTF8.GetString(ProxyReport.Write(status));
        Assert.That(written, Does.Contain("\"appliedAt\":\"2026-01-31T12:00:00.25Z\"").And.Contain("\"writtenAt\":\"2026-01-31T12:00:00Z\"").And.Not.Contain("\\u002B"));
        Assert.That(Read(written).AppliedAt, Is.EqualTo(status.AppliedAt));
        Assert.That(Read(Least.Replace("00Z", "00\\u002B00:00", StringComparison.Ordinal)).AppliedAt, Is.EqualTo(Read(Least).AppliedAt), "as earlier versions wrote it");
    }

    [Test]
    public void An_earlier_version_said_less()
    {
        var status = Read(Least);

        Assert.That(status.Revision, Is.EqualTo(5));
        Assert.That(status.Held, Is.Empty);
        Assert.That(status.Quarantined, Is.Empty);
        Assert.That(status.IsFromSnapshot, Is.False);
        Assert.That(status.Grace, Is.Default);
        Assert.That(status.Silenced, Is.Null);
        Assert.That(status.Applies, Is.Empty);
        Assert.That(status.Intents, Is.Null);
        Assert.That(status.Serves, Is.Empty);
        Assert.That(status.Troubles, Is.Empty);
        Assert.That(status.Superseded, Is.Empty);
        Assert.That((status.Loop, status.Follows, status.Hangs, status.IsListOld), Is.EqualTo(((LoopStatus?)null, (FollowedMembers?)null, false, false)));
        Assert.That((status.Contact, status.WrittenAt, status.Version), Is.EqualTo(((KamailioContact?)null, (DateTimeOffset?)null, (string?)null)));
        Assert.That((status.Deviations.Length, status.MoreDeviations, status.MoreHeld, status.MoreQuarantined, status.MoreSets), Is.EqualTo((0, 0, 0, 0, 0)));
        Assert.That(Read(Least.Replace("{}", """{"1":{"destinations":3,"routable":2}}""", StringComparison.Ordinal)).Sets[1], Is.EqualTo(new SetStatus(3, 2)));
    }

    [Test]
    public void Deviations_of_a_kind_that_a_newer_version_knows_are_taken_or_counted()
    {
        var status = Read(Least.Replace(
            "{}",
            """
            {},"moreDeviations":4,"deviations":[
              {"kind":"inactive","set":1,"name":"a","uri":"sip:a","since":"2026-01-31T12:00:00Z","flags":"IP","share":5},
              {"kind":"overloaded","set":1,"name":"b","uri":"sip:b","since":"2026-01-31T12:00:00Z"},
              {"kind":"unmapped","set":1,"slots":[7,9]}]
            """,
            StringComparison.Ordinal));

        Assert.That(status.Deviations.Select(static deviation => (deviation.Kind, deviation.Name)), Is.EqualTo(new[] { ("inactive", "a"), ("overloaded", "b") }));
        Assert.That(status.MoreDeviations, Is.EqualTo(5), "the third one is there all the same");
    }

    [TestCase("", 0)]
    [TestCase(""","superseded":[{"member":"1/a","by":"1/b","served":true}],"moreSuperseded":7""", 7, Description = "an earlier version, which had no room for all of them")]
    [TestCase(""","superseded":[{"member":"1/a","by":"1/b","served":false}],"moreSuperseded":7""", 0, Description = "an earlier version, which names all that are served first")]
    [TestCase(""","version":"1","superseded":[{"member":"1/a","by":"1/b","served":true}],"moreSuperseded":7""", 0)]
    [TestCase(""","version":"1","moreSupersededLeaving":3,"moreSuperseded":7""", 3)]
    [TestCase(""","version":"9","moreSupersededLeaving":"some" """, 0, Description = "a newer version's: it keeps nobody from leaving")]
    public void Who_leaves_reads_how_many_of_those_that_leave_while_calls_go_to_their_address_are_not_named(string fields, int unnamed) =>
        Assert.That(ProxyRecord.ReadProgress(Encoding.UTF8.GetBytes(Least.Replace("{}", "{}" + fields, StringComparison.Ordinal)))!.Unnamed, Is.EqualTo(unnamed));

    [Test]
    public void What_a_newer_version_says_beside_is_left_out() =>
        Assert.That(Read(Least.Replace("\"sets\":{}", """ "sets":{"1":{"destinations":3,"routable":2,"probing":1}},"other":[{"a":1}] """, StringComparison.Ordinal)).Sets[1], Is.EqualTo(new SetStatus(3, 2)));

    [TestCase("\"revision\":5", "\"revision\":\"5\"", "revision is missing, or of the wrong kind")]
    [TestCase("\"revision\":5", "\"revision\":-1", "revision is not a whole number")]
    [TestCase("\"revision\":5", "\"revision\":5.5", "revision is not a whole number")]
    [TestCase("\"revision\":5,", "", "revision is missing")]
    [TestCase("\"revision\":5", "\"revision\":5,\"revision\":6", "not JSON of the kind expected")]
    [TestCase("2026-01-31T12:00:00Z", "noon", "appliedAt is not a time")]
    [TestCase("\"5.6\"", "5.6", "kamailio is missing, or of the wrong kind")]
    [TestCase("\"5.6\"", "\"\\ud800\"", "not valid UTF-8")]
    [TestCase("\"drift\":0", "\"drift\":2147483648", "drift is not a whole number from 0 to 2147483647")]
    [TestCase("{}", "[]", "sets is missing, or of the wrong kind")]
    [TestCase("{}", """{"01":{"destinations":3,"routable":2}}""", "'01' is not a set's number")]
    [TestCase("{}", """{"1":7}""", "destinations is missing")]
    [TestCase("{}", """{},"grace":null""", "grace is missing, or of the wrong kind")]
    [TestCase("{}", """{},"grace":{"mode":"none","count":1,"p50Ms":-1,"p99Ms":1,"maxMs":1,"timeouts":0}""", "p50Ms is not a number of milliseconds")]
    [TestCase("{}", """{},"fromSnapshot":1""", "fromSnapshot is neither true nor false")]
    [TestCase("{}", """{},"silenced":"5" """, "silenced is missing, or of the wrong kind")]
    [TestCase("{}", """{},"silenced":-1""", "silenced is not a whole number")]
    [TestCase("{}", """{},"applies":"members" """, "applies is missing, or of the wrong kind")]
    [TestCase("{}", """{},"applies":[1]""", "applies holds something else than text")]
    [TestCase("{}", """{},"intents":5""", "intents is missing, or of the wrong kind")]
    [TestCase("{}", """{},"intents":{"silenced":5}""", "revision is missing")]
    [TestCase("{}", """{},"intents":{"revision":5,"silenced":-1}""", "silenced is not a whole number")]
    [TestCase("{}", """{},"trouble":[{"kind":"memory","text":"x"}]""", "since is missing")]
    [TestCase("{}", """{},"superseded":[{"member":"1/a","by":"b","served":true}]""", "superseded: 'b' is not <set>/<name>")]
    [TestCase("{}", """{},"superseded":[{"member":"1/a","by":"1/b","served":1}]""", "served is neither true nor false")]
    [TestCase("{}", """{},"contact":null""", "contact is missing, or of the wrong kind")]
    [TestCase("{}", """{},"contact":{"since":"2026-01-31T12:00:00Z"}""", "answers is missing")]
    [TestCase("{}", """{},"contact":{"answers":1,"since":"2026-01-31T12:00:00Z"}""", "answers is neither true nor false")]
    [TestCase("{}", """{},"contact":{"answers":true}""", "since is missing")]
    [TestCase("{}", """{},"writtenAt":"now" """, "writtenAt is not a time")]
    [TestCase("{}", """{},"version":1""", "version is missing, or of the wrong kind")]
    [TestCase("{}", """{"1":{"destinations":1,"routable":1,"wanted":-1}}""", "wanted is not a whole number")]
    [TestCase("{}", """{},"deviations":[{"set":1}]""", "kind is missing")]
    [TestCase("{}", """{},"deviations":[{"kind":"missing","set":1}]""", "name is missing")]
    [TestCase("{}", """{},"moreHeld":-1""", "moreHeld is not a whole number")]
    [TestCase("{}", """{},"held":{}""", "held is missing, or of the wrong kind")]
    [TestCase("{}", """{},"held":["1/a"]""", "member is missing")]
    [TestCase("{}", """{},"held":[{"member":"a","uri":"sip:10.0.0.1"}]""", "held: 'a' is not <set>/<name>")]
    [TestCase("{}", """{},"held":[{"member":"1/a/../b","uri":"sip:10.0.0.1"}]""", "held: the name 'a/../b'")]
    [TestCase("{}", """{},"held":[{"member":"1/a","uri":"sip:10.0.0.1;x=y"}]""", "held: ';x=y' is not allowed")]
    [TestCase("{}", """{},"quarantined":[{"set":1,"uri":"sip:a","reason":7,"retryAt":"2026-01-31T12:00:00Z"}]""", "reason is missing, or of the wrong kind")]
    public void A_field_of_the_wrong_kind_makes_the_report_unreadable_and_is_named(string part, string instead, string reason)
    {
        Assert.That(ProxyRecord.TryRead(Encoding.UTF8.GetBytes(Least.Replace(part, instead, StringComparison.Ordinal)), out _, out var error), Is.False);
        Assert.That(error, Does.Contain(reason));
    }

    [TestCase("{}", 0)]
    [TestCase("null", 0)]
    [TestCase("[]", 0)]
    [TestCase("[7]", 0)]
    [TestCase("""["1/a",{"member":"1/a","by":"b"},{"member":"1/c","by":"1/b","served":"partly"},{"member":"1/d","by":"1/b","served":true,"share":5}]""", 1)]
    public void What_a_newer_version_says_of_superseded_members_keeps_nobody_from_leaving(string superseded, int read)
    {
        var progress = ProxyRecord.ReadProgress(Encoding.UTF8.GetBytes(Least.Replace("{}", "{},\"superseded\":" + superseded, StringComparison.Ordinal)));

        Assert.That(progress!.Silenced, Is.EqualTo(5));
        Assert.That(progress.Superseded.Select(static one => one.Member.Name), Is.EqualTo(Enumerable.Repeat("d", read)));
    }

    [Test]
    public void Who_waits_reads_how_far_intents_are_in_force_and_what_cannot_be_read_of_it_says_nothing()
    {
        var progress = Progress("\"applies\":[\"members\",\"intents\"],\"intents\":{\"revision\":4,\"silenced\":7,\"more\":1}");
        Assert.That((string.Join(',', progress.Applies), progress.Intents), Is.EqualTo(("members,intents", new IntentsProgress(4, 7))));

        Assert.That(Progress("\"proxy\":{\"revision\":4,\"drained\":true,\"by\":\"ops@host\",\"more\":1}").Intent, Is.EqualTo(new ProxyIntent(4, IsDrained: true) { By = "ops@host" }));
        Assert.That(Progress("\"proxy\":{\"revision\":4}").Intent, Is.Null, "what it does not say is not so");

        progress = Progress("\"applies\":[1],\"intents\":[4,7]");
        Assert.That((progress.Applies.Length, progress.Intents, progress.Silenced), Is.EqualTo((0, (IntentsProgress?)null, 5L)), "a newer version's");

        static ProxyProgress Progress(string fields) => ProxyRecord.ReadProgress(Encoding.UTF8.GetBytes(Least.Replace("{}", "{}," + fields, StringComparison.Ordinal)))!;
    }

    [TestCase("")]
    [TestCase("rubbish\u001b[2J")]
    [TestCase("[]")]
    [TestCase("null")]
    public void What_is_no_object_is_unreadable(string value)
    {
        Assert.That(ProxyRecord.TryRead(Encoding.UTF8.GetBytes(value), out _, out var error), Is.False);
        Assert.That(error, Is.Not.Empty.And.Not.Contain("\u001b"));
    }

    [Test]
    public void Troubles_are_few_and_short_whoever_wrote_them()
    {
        var many = Enumerable.Range(0, 50).Select(static number => new ProxyTrouble("memory", default, new string('x', 296) + "\ud83d\ude00 and more " + number));
        var written = Read(Encoding.UTF8.GetString(ProxyReport.Write(Read(Least) with { Troubles = [.. many] })));
        var found = Read(Least.Replace("\"sets\":{}", "\"sets\":{},\"trouble\":[" + string.Join(',', Enumerable.Repeat($$"""{"kind":"x","since":"2026-01-31T12:00:00Z","text":"{{new string('y', 5000)}}"}""", 50)) + "]", StringComparison.Ordinal));

        foreach (var status in new[] { written, found })
        {
            Assert.That(status.Troubles, Has.Length.EqualTo(ProxyTrouble.MostInReport));
            Assert.That(status.Troubles.Select(static trouble => trouble.Text), Has.All.Length.LessThanOrEqualTo(ProxyTrouble.MostTextLength).And.All.EndsWith("..."));
        }
    }

    [Test]
    public void What_has_nothing_to_say_is_not_written() =>
        Assert.That(Encoding.UTF8.GetString(ProxyReport.Write(Read(Least))), Does.Not.Contain("silenced").And.Not.Contain("applies").And.Not.Contain("trouble").And.Not.Contain("contact").And.Not.Contain("deviations").And.Not.Contain("more").And.Not.Contain("version"));

    [TestCase("\"revision\":5", 5, true)]
    [TestCase("\"revision\":5", 6, false, Description = "a version that does not say what is silenced")]
    [TestCase("\"revision\":5,\"silenced\":6", 6, true, Description = "adds are pending")]
    [TestCase("\"revision\":5,\"silenced\":6", 7, false)]
    [TestCase("\"revision\":5,\"silenced\":4", 5, false, Description = "what cannot be silenced is not acknowledged")]
    [TestCase("\"revision\":\"x\"", 1, false)]
    [TestCase("\"revision\":5,\"silenced\":101", 6, false, Description = "of the store before it was restored from a backup")]
    [TestCase("\"revision\":5,\"silenced\":6,\"held\":[{\"member\":\"1/a\",\"uri\":\"sip:10.0.0.1;of=later\"}]", 6, true, Description = "another part is a newer version's")]
    public void A_leaving_member_is_acknowledged_when_it_is_silenced(string fields, long revision, bool isAcknowledged) =>
        Assert.That(Acknowledgements.Silenced(Encoding.UTF8.GetBytes(Least.Replace("\"revision\":5", fields, StringComparison.Ordinal)), revision, newest: 100) is not null, Is.EqualTo(isAcknowledged));

    private static ProxyStatus Read(string value)
    {
        Assert.That(ProxyRecord.TryRead(Encoding.UTF8.GetBytes(value), out var status, out var error), error);
        return status!;
    }

    private static bool IsSame(ProxyStatus one, ProxyStatus other) =>
        one with { Sets = other.Sets, Held = other.Held, Quarantined = other.Quarantined, Applies = other.Applies, Troubles = other.Troubles, Superseded = other.Superseded, Deviations = other.Deviations, Serves = other.Serves, Shares = other.Shares, Starting = other.Starting } == other
        && one.Starting.SequenceEqual(other.Starting)
        && (one.Shares is { } shares ? other.Shares is { } others && shares with { Classes = others.Classes, Members = others.Members } == others && shares.Classes.SequenceEqual(others.Classes) && shares.Members.SequenceEqual(others.Members) : other.Shares is null)
        && one.Deviations.SequenceEqual(other.Deviations)
        && one.Applies.SequenceEqual(other.Applies)
        && one.Serves.SequenceEqual(other.Serves)
        && one.Troubles.SequenceEqual(other.Troubles)
        && one.Superseded.SequenceEqual(other.Superseded)
        && one.Sets.SequenceEqual(other.Sets)
        && one.Held.Select(static member => (member.Key, member.Uri.Text)).SequenceEqual(other.Held.Select(static member => (member.Key, member.Uri.Text)))
        && one.Quarantined.SequenceEqual(other.Quarantined);
}

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

public class SnapshotFormatTests
{
    private const string Entry = """{"set":1,"name":"a","createdRevision":5,"record":{"uri":"sip:10.0.0.1"}}""";

    private static readonly Gen<string> Tokens = Gen.Char["abcXYZ019._-"].Array[0, 8].Select(static rest => "n" + new string(rest));

    private static readonly Gen<ImmutableSortedDictionary<string, string>> Entries =
        Gen.Select(Gen.Char["abc019_-"].Array[0, 8].Select(static rest => "n" + new string(rest)), Tokens).Array[0, 4]
            .Select(static pairs => pairs.DistinctBy(static pair => pair.Item1).ToImmutableSortedDictionary(static pair => pair.Item1, static pair => pair.Item2, StringComparer.Ordinal));

    // What JSON and a line format may stumble over: quotes, controls, line ends, more than ASCII.
    private static readonly Gen<string?> Reasons = Gen.OneOf(Pick<string?>([null]), Gen.Char["a \"\\/\0\r\n\t<>&'é漢\u2028\uffff"].Array[0, 20].Select(static text => (string?)new string(text)));

    private static readonly Gen<DateTimeOffset?> Times = Gen.OneOf(
        Pick<DateTimeOffset?>([null]),
        Gen.DateTimeOffset.Select(static time => (DateTimeOffset?)time));

    private static readonly Gen<Member> AnyMember =
        from key in Gen.Select(Pick(0, 1, int.MaxValue), Tokens)
        from uri in Pick("sip:10.0.0.1", "SIP:A.example.org:5080;transport=TCP", "sip:[::1]:5070", "sips:a.example.org")
        from weight in Pick<int?>(null, 1, 100)
        from priority in Gen.Int[0, MemberValidation.MaxPriority]
        from attributes in Entries
        from labels in Entries
        from state in Gen.Enum<MemberState>()
        from reason in Reasons
        from since in Times
        from created in Gen.Long[0, long.MaxValue]
        select new Member(new MemberKey(key.Item1, key.Item2), SipUri.Parse(uri))
        {
            Weight = weight,
            Priority = priority,
            Attributes = attributes,
            Labels = labels,
            State = state,
            Reason = reason,
            Since = since,
            CreatedRevision = created,
        };

    private static readonly Gen<Intent> AnyIntent =
        from key in Gen.Select(Pick(0, 1, int.MaxValue), Tokens)
        from isDrained in Gen.Bool
        from weight in Pick<int?>(null, 1, 100)
        from who in Reasons
        from at in Times
        from reason in Reasons
        from created in Gen.OneOf(Gen.Const(0L), Gen.Long[1, long.MaxValue])
        select new Intent(new MemberKey(key.Item1, key.Item2)) { IsDrained = isDrained, Weight = weight, By = who ?? string.Empty, At = at, Reason = reason, CreatedRevision = created };

    private static readonly Gen<Membership> Memberships =
        from members in AnyMember.Array[0, 6]
        from expired in AnyMember.Array[0, 2]
        from intents in AnyIntent.Array[0, 3]
        from at in Times
        from revision in Gen.Long[0, long.MaxValue]
        from store in Gen.OneOf(Pick<StoreIdentity?>([null]), Gen.ULong.Select(static id => (StoreIdentity?)new StoreIdentity(id, "https://10.0.0.1:2379,http://[::1]:2379")))
        select new Membership(revision, [.. members.DistinctBy(static member => member.Key).OrderBy(static member => member.Key)], [])
        {
            Expired = [.. expired.Select(member => new ExpiredMember(member, at ?? DateTimeOffset.UnixEpoch, 3, TimeSpan.Zero) { IsOfAnotherStore = member.Priority > 9 })],
            Intents = intents.Length == 0 ? null : new OperatorIntents(revision, intents.DistinctBy(static intent => intent.Key).ToDictionary(static intent => intent.Key), []) { IsFollowed = true },
            Store = store,
        };

    [Test]
    public void It_says_of_which_etcd_it_is()
    {
        var text = Encoding.UTF8.GetString(SnapshotFormat.Write("c", new Membership(42, [], []) { Store = new StoreIdentity(0xcdf818194e3a8c32, "http://10.0.0.5:2379") }));
        Assert.That(text, Does.Contain("\"clusterId\": \"cdf818194e3a8c32\"").And.Contain("\"endpoints\": \"http://10.0.0.5:2379\""));
    }

    [Test]
    public void It_says_which_source_brought_which_sets_where_not_all_is_etcds()
    {
        var membership = new Membership(42, [], []) { Sources = new Dictionary<int, string> { [3] = "file:/m.json", [2] = "kubernetes:voice/asterisk", [1] = "file:/m.json" } };
        var content = SnapshotFormat.Write("c", membership);

        Assert.That(string.Concat(Encoding.UTF8.GetString(content).Where(static one => !char.IsWhiteSpace(one))), Does.Contain("""
            "sources":[{"name":"file:/m.json","sets":[1,3]},{"name":"kubernetes:voice/asterisk","sets":[2]}]
            """.Trim()));
        Assert.That(SnapshotFormat.Read("c", content).Sources, Is.EqualTo(membership.Sources));
        var without = SnapshotFormat.Read("c", SnapshotFormat.Write("c", membership with { Sources = new Dictionary<int, string>(), Store = new StoreIdentity(1, "http://10.0.0.5:2379") }));
        Assert.That((without.Sources.Count, without.SourceOf(1)), Is.EqualTo((0, "etcd")));
        Assert.That(SnapshotFormat.Read("c", SnapshotFormat.Write("c", new Membership(1, [], []))).SourceOf(1), Is.Null, "an earlier version did not say it");
    }

    [TestCase("""[{"name":"a","sets":[1]},{"name":"b","sets":[1]}]""")]
    [TestCase("""[{"name":"a","sets":[-1]}]""")]
    [TestCase("""[{"name":"a","sets":["1"]}]""")]
    [TestCase("""[{"sets":[1]}]""")]
    [TestCase("""{}""")]
    public void Sources_that_cannot_be_are_no_saved_membership(string sources) =>
        Assert.That(() => SnapshotFormat.Read("c", Encoding.UTF8.GetBytes(Sealed($$"""{"cluster":"c","revision":1,"sources":{{sources}},"members":[],"expired":[]}""" + "\n"))), Throws.TypeOf<FormatException>());

    [Test]
    public void What_is_written_is_read_again() => Memberships.Sample(
        static membership => IsSame(SnapshotFormat.Read("c", SnapshotFormat.Write("c", membership)), membership),
        iter: 5_000);

    [Test]
    public void A_person_can_read_it_and_check_its_sum()
    {
        var text = Encoding.UTF8.GetString(SnapshotFormat.Write("c", new Membership(42, [Members.Of("b", set: 2) with { CreatedRevision = 7, Weight = 5 }], [])
        {
            Expired = [new ExpiredMember(Members.Of("x") with { CreatedRevision = 3 }, new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero), 4, TimeSpan.Zero)],
        }));

        const string Body = """
            {
              "cluster": "c",
              "revision": 42,
              "members": [
                {
                  "set": 2,
                  "name": "b",
                  "createdRevision": 7,
                  "record": {"uri":"sip:b.example.org:5060","weight":5}
                }
              ],
              "expired": [
                {
                  "set": 1,
                  "name": "x",
                  "createdRevision": 3,
                  "at": "2026-01-31T12:00:00+00:00",
                  "setSize": 4,
                  "record": {"uri":"sip:x.example.org:5060"}
                }
              ]
            }

            """;
        Assert.That(text, Is.EqualTo(Sealed(Body)));
    }

    [Test]
    public void What_operators_wish_stands_beside_the_members_and_nothing_where_there_is_nothing()
    {
        var membership = new Membership(42, [Members.Of("b")], []) { Intents = new OperatorIntents(41, Wishes(new Intent(new MemberKey(2, "c")) { IsDrained = true, By = "ops@host" }, new Intent(new MemberKey(1, "b")) { Weight = 5 }), []) };
        var text = Encoding.UTF8.GetString(SnapshotFormat.Write("c", membership));
        Assert.That(text, Does.Contain("\"intents\": [").And.Contain("\"record\": {\"drain\":true,\"by\":\"ops@host\"}"));
        Assert.That(text.IndexOf("\"name\": \"c\"", StringComparison.Ordinal), Is.GreaterThan(text.IndexOf("\"weight\":5", StringComparison.Ordinal)), "in their order");
        Assert.That(SnapshotFormat.Read("c", Encoding.UTF8.GetBytes(text)).Intents, Has.Property("IsFollowed").False.And.Property("Revision").EqualTo(0));

        var without = SnapshotFormat.Write("c", membership with { Intents = new OperatorIntents(43, Wishes(), []) });
        Assert.That(without, Is.EqualTo(SnapshotFormat.Write("c", membership with { Intents = null })));
        Assert.That(SnapshotFormat.Read("c", without).Intents, Is.Null);
    }

    [Test]
    public void Which_key_a_wish_is_of_is_saved_with_it_and_not_known_of_an_older_file()
    {
        var wish = new Intent(new MemberKey(1, "b")) { IsDrained = true, CreatedRevision = 7 };
        var text = Encoding.UTF8.GetString(SnapshotFormat.Write("c", new Membership(42, [], []) { Intents = new OperatorIntents(41, Wishes(wish), []) }));
        Assert.That(SnapshotFormat.Read("c", Encoding.UTF8.GetBytes(text)).Intents!.ByMember[wish.Key], Is.EqualTo(wish));

        const string Older = """{"cluster":"c","revision":1,"members":[],"expired":[],"intents":[{"set":1,"name":"b","record":{"drain":true}}]}""";
        Assert.That(SnapshotFormat.Read("c", Encoding.UTF8.GetBytes(Sealed(Older))).Intents!.ByMember[wish.Key], Is.EqualTo(wish with { CreatedRevision = 0 }));
    }

    [Test]
    public void What_is_wished_of_proxies_is_saved_by_name_also_where_nothing_is_of_members()
    {
        var wish = new Intent(default(MemberKey)) { IsDrained = true, By = "ops@host", Reason = "new disk", CreatedRevision = 7 };
        var intents = new OperatorIntents(41, Wishes(), []) { ByProxy = new Dictionary<string, Intent> { ["edge-1"] = wish } };
        var text = Encoding.UTF8.GetString(SnapshotFormat.Write("c", new Membership(42, [], []) { Intents = intents }));

        Assert.That(text, Does.Contain("\"proxyIntents\": [").And.Not.Contain("\"intents\""));
        var read = SnapshotFormat.Read("c", Encoding.UTF8.GetBytes(text)).Intents!;
        Assert.That((read.ByProxy.Single(), read.ByMember.Count, read.IsFollowed), Is.EqualTo((KeyValuePair.Create("edge-1", wish), 0, false)));
    }

    [Test]
    public void What_a_newer_version_saves_beside_is_left_out() => Assert.That(
        SnapshotFormat.Read("c", Encoding.UTF8.GetBytes(Sealed($$"""{"cluster":"c","revision":1,"members":[{{Entry}}],"expired":[],"splits":[{"set":1}],"more":7}"""))).Members,
        Has.Count.EqualTo(1));

    [Test]
    public void The_order_of_the_members_makes_no_difference()
    {
        Member[] members = [Members.Of("a"), Members.Of("b"), Members.Of("a", set: 0)];

        Assert.That(
            SnapshotFormat.Write("c", new Membership(1, [.. members.Reverse()], [])),
            Is.EqualTo(SnapshotFormat.Write("c", new Membership(1, members, []))));
    }

    [Test]
    public void No_flipped_bit_makes_it_another_membership()
    {
        var membership = new Membership(42, [Members.Of("a"), Members.Of("b", set: 2) with { CreatedRevision = 7, Weight = 5 }], []);
        var content = SnapshotFormat.Write("c", membership);
        for (var bit = 0; bit < content.Length * 8; bit++)
        {
            content[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.That(() => SnapshotFormat.Read("c", content), Throws.TypeOf<FormatException>(), $"bit {bit % 8} of byte {bit / 8}");
            content[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.That(IsSame(SnapshotFormat.Read("c", content), membership));
    }

    // The sum is right in all of these: somebody wrote them so.
    [TestCase("rubbish", "not JSON")]
    [TestCase("[]", "cluster is missing")]
    [TestCase("""{"cluster":"d","revision":1,"members":[]}""", "the cluster 'd'")]
    [TestCase("""{"cluster":1,"revision":1,"members":[]}""", "cluster is missing, or of the wrong kind")]
    [TestCase("""{"cluster":"\ud800","revision":1,"members":[]}""", "not valid UTF-8")]
    [TestCase("""{"cluster":"c","members":[]}""", "revision is missing")]
    [TestCase("""{"cluster":"c","revision":-1,"members":[]}""", "revision is not a revision")]
    [TestCase("""{"cluster":"c","revision":1.5,"members":[]}""", "revision is not a revision")]
    [TestCase("""{"cluster":"c","revision":1}""", "members is missing")]
    [TestCase("""{"cluster":"c","revision":1,"revision":2,"members":[]}""", "not JSON of the kind")]
    [TestCase("""{"cluster":"c","revision":1,"members":[]} {}""", "not JSON")]
    [TestCase("""{"cluster":"c","revision":1,"members":[7]}""", "set is missing")]
    [TestCase($$"""{"cluster":"c","revision":1,"members":[{{Entry}},{{Entry}}]}""", "the member 1/a twice")]
    [TestCase("""{"cluster":"c","revision":1,"members":[{"set":-1,"name":"a","createdRevision":5,"record":{"uri":"sip:10.0.0.1"}}]}""", "set is not a number")]
    [TestCase("""{"cluster":"c","revision":1,"members":[{"set":2147483648,"name":"a","createdRevision":5,"record":{"uri":"sip:10.0.0.1"}}]}""", "set is not a number")]
    [TestCase("""{"cluster":"c","revision":1,"members":[{"set":1,"name":"a;b","createdRevision":5,"record":{"uri":"sip:10.0.0.1"}}]}""", "the name 'a;b'")]
    [TestCase("""{"cluster":"c","revision":1,"members":[{"set":1,"name":"a","record":{"uri":"sip:10.0.0.1"}}]}""", "createdRevision is missing")]
    [TestCase("""{"cluster":"c","revision":1,"members":[{"set":1,"name":"a","createdRevision":5,"record":{"uri":"sip:10.0.0.1;lr"}}]}""", "1/a cannot be used: uri:")]
    [TestCase("""{"cluster":"c","revision":1,"members":[{"set":1,"name":"a","createdRevision":5,"record":{"uri":"sip:10.0.0.1","weight":0}}]}""", "the weight 0")]
    [TestCase("""{"cluster":"c","revision":1,"members":[{"set":1,"name":"a","createdRevision":5,"record":"sip:10.0.0.1"}]}""", "record is missing, or of the wrong kind")]
    [TestCase("""{"cluster":"c","revision":1,"members":[{"set":1,"name":"a","createdRevision":5,"record":{"labels":{"a":{"b":{"c":{"d":{}}}}}}}]}""", "labels.a: not a string")]
    [TestCase("""{"cluster":"c","revision":1,"members":[],"expired":[],"proxyIntents":7}""", "proxyIntents is missing, or of the wrong kind")]
    [TestCase("""{"cluster":"c","revision":1,"members":[],"expired":[],"proxyIntents":[{"proxy":"a/b","record":{}}]}""", "the name 'a/b'")]
    [TestCase("""{"cluster":"c","revision":1,"members":[],"expired":[],"proxyIntents":[{"proxy":"a","record":{"drain":7}}]}""", "the intent for a cannot be used: drain:")]
    [TestCase("""{"cluster":"c","revision":1,"members":[],"expired":[],"intents":{}}""", "intents is missing, or of the wrong kind")]
    [TestCase("""{"cluster":"c","revision":1,"members":[],"expired":[],"intents":[{"set":-1,"name":"a","record":{}}]}""", "an intent's set is not a number")]
    [TestCase("""{"cluster":"c","revision":1,"members":[],"expired":[],"intents":[{"set":1,"name":"a;b","record":{}}]}""", "the name 'a;b'")]
    [TestCase("""{"cluster":"c","revision":1,"members":[],"expired":[],"intents":[{"set":1,"name":"a","record":{"drain":7}}]}""", "the intent for 1/a cannot be used: drain:")]
    [TestCase("""{"cluster":"c","revision":1,"members":[],"expired":[],"intents":[{"set":1,"name":"a","createdRevision":"7","record":{}}]}""", "createdRevision is missing, or of the wrong kind")]
    [TestCase("""{"cluster":"c","revision":1,"members":[],"expired":[],"intents":[{"set":1,"name":"a","record":{}},{"set":1,"name":"a","record":{}}]}""", "an intent for 1/a twice")]
    public void Content_that_cannot_be_used_is_refused_whole_with_the_reason(string body, string reason) =>
        Assert.That(() => SnapshotFormat.Read("c", Encoding.UTF8.GetBytes(Sealed(body))), Throws.TypeOf<FormatException>().With.Message.Contains(reason));

    [TestCase("", "does not begin with a line")]
    [TestCase("\n", "does not begin with a line")]
    [TestCase("{\"cluster\":\"c\"}\n", "does not begin with a line")]
    [TestCase("kamrpc membership snapshot, format 1", "does not begin with a line")]
    [TestCase("kamrpc membership snapshot, format 1\n{}", "checksum")]
    [TestCase("kamrpc membership snapshot, format 2, whatever\n", "format '2', not 1")]
    [TestCase("kamrpc membership snapshot, format \u0001\n", "format '\\u0001'")]
    public void A_first_line_that_is_not_ours_is_refused_with_the_reason(string content, string reason) =>
        Assert.That(() => SnapshotFormat.Read("c", Encoding.UTF8.GetBytes(content)), Throws.TypeOf<FormatException>().With.Message.Contains(reason));

    /// <summary>Compares every field; the records' own equality takes two spellings of a URI for one, and two equal dictionaries for two.</summary>
    internal static bool IsSame(Membership one, Membership other) =>
        one.Revision == other.Revision
        && one.Store == other.Store
        && one.Expired.Select(static expired => expired.IsOfAnotherStore).SequenceEqual(other.Expired.Select(static expired => expired.IsOfAnotherStore))
        && (one.Intents?.ByMember.Values ?? []).OrderBy(static intent => intent.Key).SequenceEqual((other.Intents?.ByMember.Values ?? []).OrderBy(static intent => intent.Key))
        && one.Members.Count == other.Members.Count
        && one.Members.Zip(other.Members).All(static pair => IsSame(pair.First, pair.Second));

    private static bool IsSame(Member one, Member other) =>
        one with { Attributes = other.Attributes, Labels = other.Labels } == other
        && one.Uri.Text == other.Uri.Text
        && one.Since?.Offset is null or { Ticks: 0 }
        && one.Attributes.SequenceEqual(other.Attributes)
        && one.Labels.SequenceEqual(other.Labels);

    private static Dictionary<MemberKey, Intent> Wishes(params Intent[] intents) => intents.ToDictionary(static intent => intent.Key);

    private static Gen<T> Pick<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);

    private static string Sealed(string body) =>
        $"kamrpc membership snapshot, format 1, sha256 of the lines below: {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body)))}\n{body}";
}

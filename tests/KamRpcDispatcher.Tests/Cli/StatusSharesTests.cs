using System.Collections.Immutable;
using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What <c>kamrpc status</c> tells of the shares that weights come to.</summary>
public class StatusSharesTests
{
    [TestCase(60, "41 % of the calls where its weight says 1.7 %")]
    [TestCase(30, "13 % of the calls where its weight says 3.3 %")]
    public void A_member_whose_share_is_far_from_its_weight_is_named_and_the_cluster_is_in_step_nevertheless(int count, string share)
    {
        var view = View(Equal(count));
        var section = Section(view);
        var worst = section[2].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];

        Assert.Multiple(() =>
        {
            Assert.That(section, Has.Count.EqualTo(14), "title, header, 10 members, how many more, and a note");
            Assert.That(section, Has.All.Length.LessThanOrEqualTo(120));
            Assert.That(section[12].Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[1], Does.StartWith($"({count - 10} more)"));
            Assert.That(section[13], Is.EqualTo($"  set 1, with algorithm 11: {worst} gets {share}"));
            Assert.That(Clusters.Findings(view), Is.Empty);
            Assert.That(Clusters.Screen(view), Does.EndWith("\nIn step.\n"));
        });
    }

    [Test]
    public void What_each_weight_says_stands_beside_what_it_comes_to() => Assert.That(
        string.Join('\n', Section(View([Members.Of("a") with { Weight = 1, Priority = 1 }, Members.Of("b") with { Weight = 2 }, Members.Of("c", 2)]))),
        Is.EqualTo("""
            SHARES OF CALLS, if Kamailio uses algorithm 11 or 9 and its list has its usual order (-o json has them all)
              SET  NAME  WEIGHT  WEIGHT SAYS  ALGORITHM 11  ALGORITHM 9
              1    a     1       33.3 %       33 %          1 %
              1    b     2       66.7 %       67 %          99 %
            """));

    [Test]
    public void Without_weights_there_is_nothing_to_say()
    {
        var view = View([Members.Of("a"), Members.Of("b")]);

        Assert.That(Section(view), Is.Empty);
        Assert.That(Shares(view).GetArrayLength(), Is.Zero);
    }

    [TestCase("map")]
    [TestCase("percent")]
    public void Where_share_maps_decide_nothing_is_said_of_algorithms(string way)
    {
        Member[] two = [Members.Of("a") with { Weight = 25 }, Members.Of("b")];
        var mapped = Served(two) with { Shares = new ShareReport(way), Splits = new SplitsProgress(0) { HasTable = true } };

        Assert.That(Section(View(two, mapped)), Is.Empty);
        Assert.That(Shares(View(two, mapped)).GetArrayLength(), Is.Zero);
        Assert.That(Section(View(two, mapped with { Splits = new SplitsProgress(0) { HasTable = false } })), Is.Not.Empty, "no table");
    }

    [Test]
    public void Attributes_are_told_with_the_proxies_that_have_them_but_not_of_a_set_with_a_map()
    {
        Member[] two = [Members.Of("a") with { Weight = 25 }, Members.Of("b")];
        var attributes = Served(two) with { Shares = new ShareReport(ShareReport.Attributes), Splits = new SplitsProgress(0) { HasTable = true } };
        var view = View(two, attributes, attributes with { Shares = new ShareReport("map") });

        Assert.That(Section(view)[^1], Is.EqualTo("  set 1: so at p1 alone, where weights are attributes of destinations; the others share by maps"));
        Assert.That(Shares(view)[0].GetProperty("proxies").EnumerateArray().Select(static name => name.GetString()), Is.EqualTo(new[] { "p1" }));
        Assert.That(Section(View(two, attributes))[^1], Does.Not.Contain("alone"));
        Assert.That(Section(View(two, attributes with { Shares = attributes.Shares! with { Classes = [new SharedClass(1, "v1", 1000)] } })), Is.Empty, "a split is a map whatever --share says");
        Assert.That(Section(new ClusterView(57, 42, view.Members, [], [])), Is.Empty, "nobody says how weights travel");
    }

    [Test]
    public void A_draining_percentage_falls_to_one_member_and_that_is_noted_where_percentages_are_meant()
    {
        Member[] members = [.. Enumerable.Range(1, 5).Select(static index => Members.Of($"m{index}") with { Weight = 20, Priority = 10 - index })];
        members[1] = members[1] with { State = MemberState.Draining };

        Assert.That(Section(View(members))[^1], Is.EqualTo("  set 1, with algorithm 9: m3 gets 40 % of the calls where its weight says 25 %"));
        Assert.That(Section(View([.. members.SkipLast(1)])), Has.None.StartsWith("  set"), "weights that do not sum to 100 are no percentages");
    }

    [Test]
    public void The_JSON_has_all_members_of_a_set()
    {
        var set = Shares(View([.. Equal(60), Members.Of("unweighted")]))[0];
        var members = set.GetProperty("members");

        Assert.Multiple(() =>
        {
            Assert.That(Names(set), Is.EqualTo("set members notes proxies"));
            Assert.That(set.GetProperty("set").GetInt32(), Is.EqualTo(1));
            Assert.That(members.GetArrayLength(), Is.EqualTo(61));
            Assert.That(members.EnumerateArray().Select(Names), Is.All.EqualTo("name weight wanted algorithm11 algorithm9"));
            Assert.That(members[0].GetProperty("algorithm11").GetInt32(), Is.EqualTo(41));
            Assert.That(members[0].GetProperty("wanted").GetDouble(), Is.EqualTo(1.67));
            Assert.That(members.EnumerateArray().Sum(static member => member.GetProperty("algorithm9").GetInt32()), Is.EqualTo(100));
            Assert.That(members.EnumerateArray().Single(static member => member.GetProperty("weight").ValueKind == JsonValueKind.Null).GetProperty("algorithm11").GetInt32(), Is.Zero);
            Assert.That(set.GetProperty("notes")[0].GetString(), Does.StartWith("set 1, with algorithm 11: m").And.EndsWith(" gets 41 % of the calls where its weight says 1.7 %"));
        });
    }

    [Test]
    public void A_long_name_does_not_make_a_line_wider_than_a_terminal()
    {
        var section = Section(View([.. Enumerable.Range(10, 60).Select(static index => Members.Of($"{index}{new string('x', 60)}", 1234567890, $"sip:10.0.0.{index}") with { Weight = 100 })]));

        Assert.That(section[^1], Does.StartWith("  set 1234567890, with algorithm 11: "));
        Assert.That(section, Has.All.Length.LessThanOrEqualTo(120));
    }

    private static Member[] Equal(int count) => [.. Enumerable.Range(1, count).Select(static index => Members.Of($"m{index}") with { Weight = 50 })];

    private static ClusterView View(IReadOnlyList<Member> members, params ProxyStatus[] reports) => new(
        57,
        42,
        [.. members.Select(static member => new AnnouncedMember(member, 0))],
        [],
        [.. reports.DefaultIfEmpty(Served(members)).Select(static (report, index) => new ReportingProxy($"p{index + 1}", report, null))]);

    /// <summary>A proxy where everybody gets calls who is ready.</summary>
    private static ProxyStatus Served(IReadOnlyList<Member> members) => Clusters.Report(0) with
    {
        Sets = members.Where(static member => member.State == MemberState.Ready).GroupBy(static member => member.Key.Set)
            .ToImmutableSortedDictionary(static set => set.Key, static set => new SetStatus(set.Count(), set.Count()) { Wanted = set.Count(), Serving = set.Count() }),
    };

    private static List<string> Section(ClusterView view) =>
        [.. Clusters.Screen(view, layout: new Layout(120, Palette.None)).Split('\n').SkipWhile(static line => line != StatusShares.Title).TakeWhile(static line => line.Length > 0)];

    private static JsonElement Shares(ClusterView view) => JsonElement.Parse(Clusters.Json(view)).GetProperty("shares");

    private static string Names(JsonElement of) => string.Join(' ', of.EnumerateObject().Select(static field => field.Name));
}

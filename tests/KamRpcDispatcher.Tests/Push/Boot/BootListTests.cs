using System.Text;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push.Boot;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Boot;

/// <summary>The text of the list that Kamailio loads at its start.</summary>
[Parallelizable(ParallelScope.All)]
public class BootListTests
{
    private const string Head = "# The lines below are kept by kamrpc dispatch (cluster c), for the next start of Kamailio: your own may stand above.\n";

    [TestCase(ListedState.Active, "8")]
    [TestCase(ListedState.Trying, "10")]
    [TestCase(ListedState.Inactive, "9")]
    [TestCase(ListedState.Disabled, "4")]
    public void A_destination_starts_as_it_is(ListedState state, string flags) =>
        Assert.That(Text(string.Empty, Own("sip:10.0.0.1:5060") with { State = state }), Is.EqualTo($"{Head}1 sip:10.0.0.1:5060 {flags} 7 duid=a;kamrpc=c\n"));

    [Test]
    public void A_name_is_not_resolved_at_the_start() =>
        Assert.That(Text(string.Empty, Own("sip:a.test:5060;transport=tcp")), Does.Contain("1 sip:a.test:5060;transport=tcp 24 7 "));

    [Test]
    public void What_an_operator_wrote_stays_to_the_byte_and_what_was_ours_is_replaced()
    {
        var others = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes("# Mein Überblick\r\n\n1 sip:10.0.0.9 0 0 duid=x;kamrpc=other\n  7\tsip:10.0.0.8:5060\n# 1 sip:10.0.0.1:5060 8 7 duid=a;kamrpc=c\n"));
        var before = $"1 sip:10.0.0.2:5060 8 7 duid=gone;kamrpc=c\n{others}{Head}1 sip:10.0.0.3 4 1 duid=b;kamrpc=c";

        Assert.That(Text(before, Own("sip:10.0.0.1:5060")), Is.EqualTo($"{Head}1 sip:10.0.0.1:5060 8 7 duid=a;kamrpc=c\n{others}"), "where ours stood first");
    }

    [Test]
    public void Two_clusters_in_one_file_leave_each_other_alone()
    {
        var one = Text("7 sip:10.0.0.8\n", Own("sip:10.0.0.1"));
        var both = BootList.Compose(one, [Own("sip:10.0.0.2") with { Attributes = "duid=b;kamrpc=d" }], "d").Text;

        Assert.That(both, Does.StartWith(one).And.Contain("(cluster d)"));
        Assert.That(Text(both, Own("sip:10.0.0.1")), Is.EqualTo(both));
        Assert.That(BootList.Compose(both, [Own("sip:10.0.0.2") with { Attributes = "duid=b;kamrpc=d" }], "d").Text, Is.EqualTo(both));
    }

    [Test]
    public void A_last_line_without_an_end_gets_one() => Assert.That(Text("7 sip:10.0.0.8"), Is.EqualTo($"7 sip:10.0.0.8\n{Head}"));

    [Test]
    public void What_is_written_once_is_the_same_the_next_time_in_whatever_order_it_is_listed()
    {
        ListedDestination[] entries = [Own("sip:10.0.0.1") with { Priority = 3 }, Own("sip:10.0.0.2") with { Priority = 9 }, Own("sip:10.0.0.3") with { Set = 0 }];
        var once = Text("# mine\n", entries);

        Assert.That(Text(once, [.. entries.Reverse()]), Is.EqualTo(once));
        Assert.That(once.Split('\n')[2..5].Select(static line => line.Split(' ')[1]), Is.EqualTo(new[] { "sip:10.0.0.3", "sip:10.0.0.2", "sip:10.0.0.1" }));
    }

    [Test]
    public void Neither_what_is_not_ours_nor_the_sentinel_is_written()
    {
        var sentinel = Sentinel.For("c");
        Assert.That(
            Text(string.Empty, Own("sip:10.0.0.1") with { Attributes = "duid=x" }, Own("sip:10.0.0.2") with { Attributes = "duid=a;kamrpc=other" }, Own(sentinel.Uri) with { Set = sentinel.Set, Attributes = sentinel.Attributes }),
            Is.EqualTo(Head));
    }

    [Test]
    public void Of_two_copies_one_is_written() => Assert.That(BootList.Compose(string.Empty, [Own("sip:10.0.0.1"), Own("sip:10.0.0.1")], "c").Count, Is.EqualTo(1));

    [Test]
    public void What_Kamailio_would_take_for_several_lines_or_half_of_it_is_left_out_and_told()
    {
        ListedDestination[] bad =
        [
            Own("sip:10.0.0.1") with { Attributes = "duid=a;kamrpc=c;x=\"one two\"" },
            Own("sip:10.0.0.2") with { Attributes = "duid=a;kamrpc=c;x=" + new string('y', 1000) },
            Own("sip:10.0.0.3") with { Attributes = "duid=a;kamrpc=c;x=\n1" },
            Own("sip:a#b@10.0.0.4"),
        ];
        var composed = BootList.Compose(string.Empty, [.. bad, Own("sip:10.0.0.5")], "c");

        Assert.That((composed.Count, composed.LeftOut), Is.EqualTo((1, bad)).Using<(int, IReadOnlyList<ListedDestination>)>(static (one, other) => one.Item1 == other.Item1 && one.Item2.ToHashSet().SetEquals(other.Item2)));
    }

    [Test]
    public void An_operators_lines_are_read_as_Kamailio_reads_them()
    {
        const string File = "# a comment\n\n 1 sip:10.0.0.1 8 5 duid=x;socket=udp:10.0.0.2:5060 rest\n2 sip:10.0.0.2#8\n3\tsip:10.0.0.3 4\n4 sip:10.0.0.4 0 1 # none\n5 sip:10.0.0.5 8 1 duid=a;kamrpc=c\n";

        Assert.That(BootList.Others(File, "c"), Is.EqualTo(new BootListLine[]
        {
            new(1, "sip:10.0.0.1", 8, 5, "duid=x;socket=udp:10.0.0.2:5060"),
            new(2, "sip:10.0.0.2", 0, 0, string.Empty),
            new(3, "sip:10.0.0.3", 4, 0, string.Empty),
            new(4, "sip:10.0.0.4", 0, 1, string.Empty),
        }));
    }

    [TestCase("7 sip:10.0.0.1\n# 5\n\n", null)]
    [TestCase("# mine\n5\n", 2)]
    [TestCase("1 sip:10.0.0.1\n  2 # none\n", 2)]
    public void A_line_without_a_destination_is_found(string text, int? number) => Assert.That(BootList.BadLine(text), Is.EqualTo(number));

    [TestCase(0, ListedState.Active, true)]
    [TestCase(8, ListedState.Trying, true)]
    [TestCase(4, ListedState.Disabled, true)]
    [TestCase(9, ListedState.Inactive, true)]
    [TestCase(0, ListedState.Disabled, false)]
    [TestCase(0, ListedState.Inactive, false)]
    [TestCase(9, ListedState.Active, false)]
    [TestCase(9, ListedState.Disabled, false)]
    public void A_line_says_whether_a_reload_leaves_a_destination_as_it_is(int flags, ListedState state, bool isAs)
    {
        var entry = new ListedDestination(7, "sip:10.0.0.1", state, (flags & 8) != 0, 5, "duid=x");
        var line = new BootListLine(7, "sip:10.0.0.1", flags, 5, "duid=x");

        Assert.That(line.IsAs(entry), Is.EqualTo(isAs));
        Assert.That(line.IsAs(entry with { Probing = !entry.Probing }), Is.False);
        Assert.That((line with { Attributes = "duid=y" }).IsAs(entry), Is.False);
        Assert.That((line with { Priority = 6 }).IsAs(entry), Is.False);
    }

    private static ListedDestination Own(string uri) => new(1, uri, ListedState.Active, true, 7, "duid=a;kamrpc=c");

    private static string Text(string before, params ListedDestination[] entries) => BootList.Compose(before, entries, "c").Text;
}

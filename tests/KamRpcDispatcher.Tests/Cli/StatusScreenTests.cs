using System.Collections.Immutable;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Cli.Clusters;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>The screen of <c>kamrpc status</c>, on a terminal of 80 columns.</summary>
public class StatusScreenTests
{
    private static readonly AnnouncedMember[] Three = [Ready("asterisk-1", "sip:10.0.0.11"), Ready("asterisk-2", "sip:10.0.0.12", 2), Ready("asterisk-3", "sip:10.0.0.13", 9)];

    [Test]
    public void Where_all_is_well_it_is_short() => Assert.That(Screen(View(Three, ("p1", Report(3)), ("p2", Report(3)))), Is.EqualTo("""
        SET 1: 3 of 3 get calls                                             on 2 proxies
          asterisk-1  sip:10.0.0.11  CALLS  ready for 3m
          asterisk-2  sip:10.0.0.12  CALLS  ready for 2m
          asterisk-3  sip:10.0.0.13  CALLS  ready for 9m

          PROXY  KAMAILIO  STATE   REVISION  LIST SEEN
          p1     5.6       synced  57        1s ago
          p2     5.6       synced  57        1s ago

        In step.

        """));

    [Test]
    public void Who_gets_no_calls_comes_first_with_Kamailios_flags_and_the_reason()
    {
        var drained = Three[2] with { Member = Three[2].Member with { State = MemberState.Draining, Reason = "kernel update", Since = Now.AddMinutes(-1) } };
        var ill = Report(2, 1) with
        {
            Deviations = [Off(DeviationKind.Inactive, "asterisk-2", "sip:10.0.0.12", 7) with { Flags = "IP" }, Off(DeviationKind.Leaving, "asterisk-9", "sip:10.0.0.19", 12) with { Flags = "DX", Until = Now.AddSeconds(18) }],
            Revision = 40, Drift = 1,
        };

        Assert.That(Screen(View([Three[0], Three[1], drained], ("p1", Report(2)), ("p2", ill with { Revision = 57 }))), Is.EqualTo("""
            SET 1: 1 of 3 gets calls, 1 from some proxies only                  on 2 proxies
              asterisk-2  sip:10.0.0.12  SOME      IP  ready for 2m; on p2: does not answer
                                                       Kamailio's pings (IP, for 7s)
              asterisk-3  sip:10.0.0.13  NO CALLS      draining for 1m (kernel update)
              asterisk-1  sip:10.0.0.11  CALLS         ready for 3m
              asterisk-9  sip:10.0.0.19  NO CALLS  DX  left 12s ago; on p2: removed in 18s

              PROXY  KAMAILIO  STATE    REVISION  DRIFT  LIST SEEN
              p2     5.6       not yet  57        1      1s ago
              p1     5.6       synced   57               1s ago

            NOT IN STEP
              set 1: 1 of 3 members gets calls on p2, less than half
              set 1: asterisk-2 is ready and gets no calls on p2: it does not answer
              Kamailio's pings (IP, for 7s)
              proxy p2 owes 1 change

            """));
    }

    [Test]
    public void What_a_proxy_without_its_Kamailio_said_before_is_not_told_as_true() => Assert.That(
        Screen(View(Three, ("p1", Report(3) with { Contact = new KamailioContact(false, Now.AddSeconds(-12), "connection refused: is it running?") }))),
        Is.EqualTo("""
            SET 1: NOT KNOWN whether its 3 members get calls                           on p1
              not known on p1: Kamailio does not answer, for 12s
              asterisk-1  sip:10.0.0.11  NOT KNOWN  ready for 3m
              asterisk-2  sip:10.0.0.12  NOT KNOWN  ready for 2m
              asterisk-3  sip:10.0.0.13  NOT KNOWN  ready for 9m

              PROXY  KAMAILIO      STATE      REVISION  LIST SEEN
              p1     LOST for 12s  of before  57        1s ago

            NOT IN STEP
              proxy p1: Kamailio does not answer, for 12s: who gets calls there is not known
              (connection refused: is it running?)

            """));

    [Test]
    public void Of_ten_thousand_members_those_that_are_well_are_counted_and_the_others_listed()
    {
        AnnouncedMember[] many = [.. Enumerable.Range(1, 10_000).Select(static number => Ready($"m{number:00000}", $"sip:10.0.{number / 250}.{number % 250}"))];
        var view = View(many, ("p1", Report(10_000, 9_998) with { Deviations = [Off(DeviationKind.Inactive, "m00007", "sip:10.0.0.7", 70), Off(DeviationKind.Missing, "m09000", "sip:10.0.36.0", 3)] }));

        var lines = Screen(view).Split('\n');

        Assert.That(lines[0], Does.StartWith("SET 1: 9998 of 10000 get calls"));
        Assert.That(lines[1], Does.Contain("m00007").And.Contain("NO CALLS"));
        Assert.That(lines.Count(static line => line.Contains("  m", StringComparison.Ordinal)), Is.EqualTo(2));
        Assert.That(lines, Has.Some.EqualTo("  not listed (--all lists them): 9998 ready: CALLS"));
        Assert.That(Screen(view, StatusOptions.Default with { ShowsAll = true }).Split('\n'), Has.Length.GreaterThan(10_000));
    }

    [Test]
    public void Of_many_proxies_those_in_step_are_counted()
    {
        (string, ProxyStatus?)[] proxies = [.. Enumerable.Range(1, 300).Select(static number => ($"p{number}", (ProxyStatus?)(number == 7 ? Report(3) with { Drift = 2 } : Report(3))))];

        var lines = Screen(View(Three, proxies)).Split('\n');

        Assert.That(lines, Has.Some.EqualTo("  299 more proxies in step"));
        Assert.That(lines.Count(static line => line.Contains("5.6", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public void No_line_is_wider_than_the_terminal_and_nothing_moves_the_cursor()
    {
        var reason = string.Join(' ', Enumerable.Repeat("a\u001b[2J", 30));
        var view = View(
            [Ready(new string('n', 100), "sip:" + new string('h', 60) + ".example.org"), .. Three],
            ("p1", Report(4, 3) with { Deviations = [Off(DeviationKind.Refused, "asterisk-1", "sip:10.0.0.11", 7) with { Reason = reason }], Troubles = [new ProxyTrouble("memory\n", Now, reason)] }),
            ("p2\u001b[2J", null));

        var lines = Screen(view).Split('\n');

        Assert.That(lines, Has.All.Length.LessThanOrEqualTo(80));
        Assert.That(lines, Has.None.Contain("\u001b"));
    }

    [Test]
    public void Figures_labels_and_versions_are_for_who_asks_for_them()
    {
        var labelled = Three[0] with { Member = Three[0].Member with { Weight = 50, Labels = ImmutableSortedDictionary<string, string>.Empty.Add("version", "v2") } };
        var view = View([labelled, Three[1]], ("p1", Report(2) with { Identity = new ProxyIdentity("m", "edge-host", "k", null) }));

        Assert.That(Screen(view), Does.Not.Contain("version=v2").And.Not.Contain("observed").And.Not.Contain("edge-host"));
        Assert.That(Screen(view, StatusOptions.Default with { IsVerbose = true }, new Layout(120, Palette.None)), Does.Contain("version=v2").And.Contain("observed (syscall)").And.Contain("edge-host").And.Contain("0.1.0"));
    }

    [Test]
    public void Versions_are_shown_where_they_differ() =>
        Assert.That(Screen(View(Three, ("p1", Report(3)), ("p2", Report(3) with { Version = "0.2.0" }))), Does.Contain("KAMRPC").And.Contain("0.2.0"));

    [Test]
    public void A_set_and_a_proxy_can_be_picked()
    {
        var view = View([.. Three, new AnnouncedMember(Members.Of("other", 2, "sip:10.0.0.20"), 1)], ("p1", Report(3)), ("p2", Report(3)));

        var picked = (StatusOptions.Default with { Sets = new HashSet<int> { 1 }, Proxies = new HashSet<string> { "p2" } }).Filter(view);

        Assert.That(picked.Members, Has.Count.EqualTo(3));
        Assert.That(picked.Proxies.Select(static proxy => proxy.Name), Is.EqualTo(new[] { "p2" }));
        Assert.That(Screen(picked), Does.EndWith("\nIn step.\n"));
    }

    [Test]
    public void Colours_are_for_terminals_and_change_nothing_else()
    {
        var view = View(Three, ("p1", Report(3, 2) with { Deviations = [Off(DeviationKind.Missing, "asterisk-2", "sip:10.0.0.12", 1)] }));

        var coloured = Screen(view, layout: new Layout(80, Palette.Colours));

        Assert.That(coloured, Does.Contain("\u001b[1;31mNO CALLS\u001b[0m").And.Contain("\u001b[32mCALLS\u001b[0m"));
        Assert.That(System.Text.RegularExpressions.Regex.Replace(coloured, "\u001b\\[[0-9;]*m", string.Empty), Is.EqualTo(Screen(view)));
    }
}

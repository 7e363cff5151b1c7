using KamRpcDispatcher.Cli.Output;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

public class TextTableTests
{
    [Test]
    public void Columns_are_as_wide_as_their_longest_cell_and_nothing_is_a_dash()
    {
        var table = new TextTable("SET", "NAME", "LABELS");
        table.Add("1", "asterisk-1", null);
        table.Add("1000", "b", "v=2");

        Assert.That(table.ToString(), Is.EqualTo("""
              SET   NAME        LABELS
              1     asterisk-1  -
              1000  b           v=2

            """));
    }

    [Test]
    public void What_is_too_wide_is_cut_in_the_widest_column()
    {
        var table = new TextTable("SET", "NAME", "URI");
        table.Add("1", new string('n', 30), "sip:" + new string('h', 200));

        var lines = table.ToString().Split('\n');
        Assert.That(lines[1], Has.Length.EqualTo(120));
        Assert.That(lines[1], Does.Contain(new string('n', 30)).And.EndsWith("hhh..."));
    }

    [Test]
    public void Many_wide_columns_still_fit()
    {
        var table = new TextTable([.. Enumerable.Range(0, 12).Select(static column => $"COLUMN{column}")]);
        table.Add([.. Enumerable.Range(0, 12).Select(static _ => new string('x', 255))]);

        Assert.That(table.ToString().Split('\n'), Has.All.Length.LessThanOrEqualTo(120));
    }

    [Test]
    public void A_firm_column_is_never_cut()
    {
        var table = new TextTable("WHEN", "WHO", "CHANGE") { Width = 60, WrapsLast = true, Firm = 1 };
        table.Add("2026-01-31T11:58:00Z", "somebody@elsewhere", "no split -> v1 90%, v2 10% (the gate says yes)");

        Assert.That(table.ToString(), Is.EqualTo("""
              WHEN                  WHO         CHANGE
              2026-01-31T11:58:00Z  somebod...  no split -> v1 90%, v2
                                                10% (the gate says yes)

            """));
    }

    [Test]
    public void A_last_column_that_wraps_goes_on_below_itself_and_columns_without_anything_are_left_out()
    {
        var table = new TextTable("NAME", "FLAGS", "NOTHING", "WHY") { Width = 40, WrapsLast = true, HidesEmptyColumns = true };
        table.Add("asterisk-1", null, null, "one two three four five six seven eight");
        table.Add("b", "IP", null, null);

        Assert.That(table.ToString(), Is.EqualTo("""
              NAME   FLAGS  WHY
              as...         one two three four five
                            six seven eight
              b      IP

            """));
    }

    [Test]
    public void A_cell_cannot_move_the_cursor_or_begin_a_line()
    {
        var table = new TextTable("REASON");
        table.Add("a\u001b[2J\nIn step.\u202e");

        Assert.That(table.ToString(), Is.EqualTo("  REASON\n  a\\u001b[2J\\u000aIn step.\\u202e\n"));
    }
}

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
    public void A_number_is_never_cut()
    {
        var table = new TextTable("REVISION", "WHO", "SHARE") { Width = 32 };
        table.Add("1234567890", "somebody@elsewhere", "33.3 %");

        Assert.That(table.ToString().Split('\n')[1], Is.EqualTo("  1234567890  somebod...  33.3 %"));
    }

    [Test]
    public void Where_columns_wrap_nothing_is_cut_and_what_says_least_is_left_out_first()
    {
        var layout = new Layout(60, Palette.None);
        var table = layout.Whole(["WHOM"], [["AGE"], ["WHEN"]], "WHEN", "AGE", "WHAT", "WHOM", "REVISION", "CHANGE");
        table.Add("2026-01-31T11:58:00Z", "2m", "rollout pause", "a1, a2, a3 and 14 more", "1154", "no split -> v1 90%, v2 10% (the gate says yes)");
        table.Add("2026-01-31T11:58:00Z", "2m", "drain", "a1", "1153", null);

        Assert.That(table.ToString(), Is.EqualTo("""
              AGE  WHAT           WHOM                    REVISION
              2m   rollout pause  a1, a2, a3 and 14 more  1154
                  no split -> v1 90%, v2 10% (the gate says yes)
              2m   drain          a1                      1153

            """));
    }

    [TestCase(40)]
    [TestCase(60)]
    [TestCase(80)]
    [TestCase(120)]
    [TestCase(200)]
    public void Each_word_of_a_table_that_wraps_is_there_at_any_width(int width)
    {
        var table = new Layout(width, Palette.None).Whole(["NAME", "WHOSE"], [["AGE"]], "SET", "AGE", "NAME", "WHOSE", "STATE");
        table.Add("1000", "2m", "asterisk-17", "ours, in class 12 of set 1", "one two three four five six seven eight");
        var words = table.ToString().Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);

        Assert.That(words, Is.SupersetOf(new[] { "1000", "asterisk-17", "ours,", "class", "12", "one", "eight" }));
        Assert.That(table.ToString().Split('\n'), Has.All.Length.LessThanOrEqualTo(width));
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

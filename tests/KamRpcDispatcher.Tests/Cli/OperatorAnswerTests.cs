using System.Text.Json;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Waiting;
using KamRpcDispatcher.Sources.Records;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What drain and resume say in the end: never more than is known.</summary>
public class OperatorAnswerTests
{
    private static readonly IntentOutcome Drained = new(
        IntentResult.Written,
        [new IntentChange(new MemberKey(1, "asterisk-1"), MemberBefore.Ready, 57)],
        [new IntentChange(new MemberKey(1, "asterisk-2"), MemberBefore.Drained, 40)]);

    private static readonly AppliedState Whole = new([new AppliedProxy("edge-1", [1], null), new AppliedProxy("edge-2", [1], null)], []);
    private static readonly AppliedState Partly = new([new AppliedProxy("edge-1", [1], null), new AppliedProxy("edge-2", [1], "its dispatcher hangs")], []);

    [Test]
    public void The_table_shows_what_each_was_and_how_many_proxies_have_it() => Assert.That(
        new OperatorAnswer(IntentWish.Drain, Drained, Whole).ToString(),
        Is.EqualTo("""
              SET  NAME        WISH   BEFORE   PROXIES
              1    asterisk-1  drain  ready    2 of 2
              1    asterisk-2  drain  drained  2 of 2
            2 members get no new calls: applied and read back by edge-1, edge-2.

            """));

    [Test]
    public void What_is_not_applied_is_not_said_to_be_done()
    {
        Assert.That(Last(new OperatorAnswer(IntentWish.Drain, Drained, Partly)), Is.EqualTo("Written at revision 57; applied by edge-1, and NOT known to be by edge-2."));
        Assert.That(Last(new OperatorAnswer(IntentWish.Drain, Drained, new AppliedState([], [1]))), Is.EqualTo("Written at revision 57, and NOT known to be applied by anybody."));
        Assert.That(Last(new OperatorAnswer(IntentWish.Drain, Drained, Whole with { Unserved = [7] })), Is.EqualTo("Written at revision 57; applied by edge-1, edge-2, and NOT known to be by anybody in set 7."));
        Assert.That(Last(new OperatorAnswer(IntentWish.Drain, Drained, null)), Is.EqualTo("Written at revision 57; whether the proxies have applied it is not waited for."));
        Assert.That(Last(new OperatorAnswer(IntentWish.Drain, Drained with { Changed = [] }, Partly)), Does.StartWith("So it was written at revision 40 already; applied by edge-1, and NOT"));
    }

    [Test]
    public void Where_there_is_nothing_to_do_it_says_so() => Assert.That(
        Last(new OperatorAnswer(IntentWish.Resume, new IntentOutcome(IntentResult.Written, [], [new IntentChange(new MemberKey(1, "a"), MemberBefore.Ready, 0)]), null)),
        Is.EqualTo("Nothing to do: nobody is drained. Whether every proxy has done an earlier resume is not known here: see 'kamrpc status'."));

    [Test]
    public void A_change_whose_answer_was_lost_is_not_said_to_be_applied() => Assert.That(
        Last(new OperatorAnswer(IntentWish.Resume, new IntentOutcome(IntentResult.Written, [new IntentChange(new MemberKey(1, "a"), MemberBefore.Drained, 0)], []), null)),
        Does.StartWith("Written, but the answer was lost: whether the proxies have applied it is not known here"));

    [Test]
    public void Calls_are_shown_with_the_age_of_their_number_and_what_nobody_knows_is_not_none()
    {
        var calls = new IdleState(
        [
            new IdleMember(new MemberKey(1, "asterisk-1"), new CallCount(3), TimeSpan.FromSeconds(1), null),
            new IdleMember(new MemberKey(1, "asterisk-2"), null, null, IdleMember.NoCount),
        ]);

        Assert.That(new OperatorAnswer(IntentWish.Drain, Drained, Whole) { Calls = calls }.ToString(), Is.EqualTo("""
              SET  NAME        WISH   BEFORE   PROXIES  CALLS
              1    asterisk-1  drain  ready    2 of 2   3 calls, 1s ago
              1    asterisk-2  drain  drained  2 of 2   unknown
            2 members get no new calls: applied and read back by edge-1, edge-2. Whether calls are up is NOT KNOWN of all.

            """));
        var idle = new IdleState([.. calls.Members.Select(static member => member with { Count = new CallCount(0), Unknown = null, IsIdle = true })]);
        Assert.That(Last(new OperatorAnswer(IntentWish.Drain, Drained, Whole) { Calls = idle }), Does.EndWith(" No calls are up any more."));

        var json = JsonElement.Parse(new OperatorAnswer(IntentWish.Drain, Drained, Whole) { Calls = calls }.ToJson());
        Assert.That(json.GetProperty("idle").GetBoolean(), Is.False);
        Assert.That(json.GetProperty("calls").GetRawText().Replace(" ", "", StringComparison.Ordinal).ReplaceLineEndings(""), Is.EqualTo(
            """[{"set":1,"name":"asterisk-1","calls":3,"channels":null,"ageSeconds":1,"countedBy":"announcer","idle":false,"unknown":null},{"set":1,"name":"asterisk-2","calls":null,"channels":null,"ageSeconds":null,"countedBy":null,"idle":false,"unknown":"itsannouncertellsnocount"}]"""));
    }

    [Test]
    public void Programs_read_the_same()
    {
        var json = JsonElement.Parse(new OperatorAnswer(IntentWish.Drain, Drained, Partly).ToJson());

        Assert.That(json.GetProperty("revision").GetInt64(), Is.EqualTo(57));
        Assert.That(json.GetProperty("applied").GetBoolean(), Is.False);
        Assert.That(json.GetProperty("changed").GetRawText().Replace(" ", "", StringComparison.Ordinal).ReplaceLineEndings(""), Is.EqualTo("""[{"set":1,"name":"asterisk-1","wish":"drain","was":"ready","earlier":null}]"""));
        Assert.That(json.GetProperty("unchanged")[0].GetProperty("was").GetString(), Is.EqualTo("drained"));
        Assert.That(json.GetProperty("proxies").EnumerateArray().Select(static proxy => (proxy.GetProperty("name").GetString(), proxy.GetProperty("applied").GetBoolean(), proxy.GetProperty("why").GetString())), Is.EqualTo(new[]
        {
            ("edge-1", true, (string?)null),
            ("edge-2", false, "its dispatcher hangs"),
        }));
    }

    [Test]
    public void What_nobody_has_waited_for_is_neither_applied_nor_not()
    {
        var json = JsonElement.Parse(new OperatorAnswer(IntentWish.Drain, Drained, null).ToJson());

        Assert.That(json.GetProperty("applied").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(json.GetProperty("proxies").GetArrayLength(), Is.Zero);
    }

    private static string Last(OperatorAnswer answer) => answer.ToString().TrimEnd().Split('\n')[^1];
}

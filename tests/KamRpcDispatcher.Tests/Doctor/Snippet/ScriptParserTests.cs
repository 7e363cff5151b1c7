using KamRpcDispatcher.Doctor.Snippet;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor.Snippet;

/// <summary>How the body of a routing block is taken apart, and which way the first request of a call goes.</summary>
internal sealed class ScriptParserTests
{
    [TestCase("is_method(\"INVITE\")", true)]
    [TestCase("is_method(\"ACK|INVITE\")", true)]
    [TestCase("is_method(\"BYE\")", false)]
    [TestCase("!is_method(\"BYE\")", true)]
    [TestCase("not is_method(\"BYE\")", true)]
    [TestCase("has_totag()", false)]
    [TestCase("!has_totag() && is_method(\"INVITE\")", true)]
    [TestCase("has_totag() && loose_route()", false)]
    [TestCase("has_totag() || loose_route()", null)]
    [TestCase("!has_totag() || loose_route()", true)]
    [TestCase("(has_totag() or is_method(\"INVITE\")) and ($rU == \"x\" || !has_totag())", true)]
    [TestCase("(is_method(\"BYE\")) && $rU", false)]
    [TestCase("!($rU=~\"^(\\+|00)[1-9]$\")", null)]
    [TestCase("is_method(\"INVITE\") == 1", null)]
    [TestCase("$rU == $null", null)]
    [TestCase("", null)]
    public void What_is_known_of_a_condition(string condition, bool? expected)
    {
        var fork = (ScriptStatement.Fork)ScriptParser.Parse($"if ({condition}) {{ exit; }}")[^1];
        Assert.That(InitialInvite.Evaluate(fork.Condition), Is.EqualTo(expected));
    }

    [TestCase("a(); b(\"X\"); c(Y, 2);", "a() b(X) c()")]
    [TestCase("; ; a();;b();", "a() b()")]
    [TestCase("if (a()) b(); else c();", "a() {b()|c()}")]
    [TestCase("if ($x) { a(); } else if ($y) { b(); } else { c(); } d();", "{a()|{b()|c()}} d()")]
    [TestCase("if ($x) {\n#!ifdef X\n  a();\n#!endif\n  exit;\n}\nreturn;\na();", "{a() exit|} return a()")]
    [TestCase("while ($x) { a(); } switch ($y) { case 1: b(); break; default: c(); }", "{a()|} {b() c()|}")]
    [TestCase("$var(x) = $(ci{s.corehash,1024}); a(\"}\"); $ru = \"sip:\" + $rU;", "a(})")]
    [TestCase("if (", "{|}")]
    [TestCase("} a();", "")]
    public void Statements_are_found(string body, string expected) => Assert.That(Show(ScriptParser.Parse(body)), Is.EqualTo(expected));

    private static string Show(IEnumerable<ScriptStatement> statements) => string.Join(' ', statements.Select(Show).Where(static text => text.Length > 0));

    private static string Show(ScriptStatement statement) => statement switch
    {
        // What is no function is called by no name that matters.
        ScriptStatement.Call { Function: "var" or "ci" } => string.Empty,
        ScriptStatement.Call call => $"{call.Function}({call.Argument})",
        ScriptStatement.End end => end.IsReturn ? "return" : "exit",
        ScriptStatement.Fork fork => $"{{{Show(fork.Then)}|{Show(fork.Else)}}}",
        _ => "?",
    };
}

using KamRpcDispatcher.Doctor.Snippet;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor.Snippet;

/// <summary>Values with which Kamailio starts, and does not do what is meant.</summary>
internal sealed class ValueChecksTests
{
    private const string Main = "/etc/kamailio/kamailio.cfg";

    private static readonly Dictionary<string, string> Files = new(StringComparer.Ordinal)
    {
        ["/etc/kamailio/kamrpc-dispatcher.cfg"] = SnippetFiles.Snippet,
        ["/etc/kamailio/kamrpc-dispatcher.list"] = SnippetFiles.List,
    };

    [TestCase("#!define KAMRPC_ALG \"7\"", "algorithm Error", "KAMRPC_ALG: algorithm 7 hashes over hash_pvar of dispatcher, which nothing sets: no destination is selected, and every call gets 503", "modparam(\"dispatcher\", \"hash_pvar\"")]
    [TestCase("#!define KAMRPC_ALG 7", "algorithm Error", "every call gets 503", "modparam(\"dispatcher\", \"hash_pvar\"")]
    [TestCase("#!define KAMRPC_ALG \"99\"", "algorithm Error", "there is no algorithm 99: every call goes to the first destination", "\"4\", round robin")]
    [TestCase("#!define KAMRPC_ALG \"-1\"", "algorithm Error", "there is no algorithm -1", "\"4\", round robin")]
    [TestCase("#!define KAMRPC_ALG \"10\"", "algorithm Error", "algorithm 10 goes by calls, and none are counted", "#!define KAMRPC_CALL_LOAD")]
    [TestCase("#!define KAMRPC_SET \"sbc\"", "defines Error", "KAMRPC_SET: 'sbc' is no number of a set", "#!define KAMRPC_SET 1")]
    [TestCase("#!define KAMRPC_SPLIT_KEY \"from\"", "defines Warning", "KAMRPC_SPLIT_KEY: 'from' is neither call nor caller", "#!define KAMRPC_SPLIT_KEY \"caller\"")]
    [TestCase("#!define KAMRPC_PING_CODES \"class=2;class=4;code=501\"", "ping-codes Error", "KAMRPC_PING_CODES has class=4 in it: 408, which Kamailio makes itself", "KAMRPC_PING_CODES \"class=2;code=501\"")]
    [TestCase("#!define KAMRPC_PING_CODES \"code=408\"", "ping-codes Error", "has code=408 in it", "KAMRPC_PING_CODES \"class=2\"")]
    [TestCase("#!define KAMRPC_PING_CODES \"class=2;404\"", "ping-codes Warning", "Kamailio passes over 404", "class=2;code=404")]
    [TestCase("#!define KAMRPC_FAILOVER_CODES \"500|\"", "defines Warning", "\"500|\" matches every answer", "#!define KAMRPC_FAILOVER_CODES \"500|503|504\"")]
    [TestCase("#!define KAMRPC_FAILOVER_CODES \"\"", "defines Warning", "matches every answer", "#!define KAMRPC_FAILOVER_CODES \"500|503|504\"")]
    public void What_Kamailio_starts_with_and_no_call_gets_through_by_is_told(string line, string finding, string text, string fix)
    {
        var found = Check(line).Findings.Single();

        Assert.That(($"{found.Check} {found.Severity}", found.Place), Is.EqualTo((finding, Main + ":1")));
        Assert.That(found.Text, Does.Contain(text));
        Assert.That(found.Fix, Does.Contain(fix));
    }

    [TestCase("#!define KAMRPC_ALG \"0\"")]
    [TestCase("#!define KAMRPC_ALG \"13\"")]
    [TestCase("#!define KAMRPC_ALG \"15\"", Description = "which release it is is not known")]
    [TestCase("#!define KAMRPC_ALG \"$var(algorithm)\"")]
    [TestCase("#!define KAMRPC_SPLIT_KEY \"caller\"")]
    [TestCase("#!define KAMRPC_CALL_LOAD")]
    [TestCase("#!define KAMRPC_ALG \"10\"\n#!define KAMRPC_CALL_LOAD")]
    [TestCase("#!define MINE 3\n#!define KAMRPC_SET MINE")]
    [TestCase("#!define KAMRPC_SET \"3\"")]
    [TestCase("#!defenv MINE\n#!define KAMRPC_SET MINE\n#!define KAMRPC_MAX_TRIES MINE\n#!define KAMRPC_ALG MINE")]
    [TestCase("#!define KAMRPC_PING_CODES \"class=2;code=404;code=480;\"")]
    [TestCase("#!define KAMRPC_FAILOVER_CODES \"5[0-9][0-9]|480|486\"")]
    [TestCase("#!ifdef NEVER\n#!define KAMRPC_ALG \"99\"\n#!endif")]
    public void What_does_as_it_is_meant_is_not_told(string lines) => Assert.That(Check(lines).Findings, Is.Empty);

    [Test]
    public void A_variable_that_the_config_sets_is_hashed_over() =>
        Assert.That(Check("#!define KAMRPC_ALG \"7\"", "modparam(\"dispatcher\", \"hash_pvar\", \"$fU\")\n").Findings, Is.Empty);

    [Test]
    public void What_the_command_line_defines_counts()
    {
        Assert.That(Check(string.Empty, defines: ("KAMRPC_ALG", "\"99\"")).Findings.Single().Place, Is.EqualTo("-A KAMRPC_ALG"));
        Assert.That(Check(string.Empty, defines: ("KAMRPC_FAILOVER_CODES", "\"500|\"")).Findings.Single().Place, Is.EqualTo("-A KAMRPC_FAILOVER_CODES"));
    }

    [Test]
    public void A_selection_of_the_configs_own_is_looked_at_too()
    {
        var found = Check(string.Empty, "route[MINE] {\n\tds_select_dst(\"9\", \"7\");\n}\n").Findings.Single();
        Assert.That((found.Check, found.Place), Is.EqualTo(("algorithm", Main + ":9")));
        Assert.That(found.Text, Does.StartWith("ds_select_dst: algorithm 7"));
    }

    private static SnippetReport Check(string lines, string end = "", params (string Name, string Value)[] defines)
    {
        var config = lines + "\nloadmodule \"rr.so\"\ninclude_file \"kamrpc-dispatcher.cfg\"\nrequest_route {\n\trecord_route();\n\troute(KAMRPC_DISPATCH);\n}\n" + end;
        return SnippetCheckup.Run(Main, defines, new SnippetHost(path => path == Main ? config : Files.GetValueOrDefault(path)));
    }
}

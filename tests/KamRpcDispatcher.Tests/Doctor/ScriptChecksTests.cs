using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks;
using KamRpcDispatcher.Doctor.Checks.Settings;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Configured;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Doctor.KamailioChecksTests;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>What the checks make of Kamailio's script.</summary>
internal sealed class ScriptChecksTests
{
    private const string StateChange = "event_route[dispatcher:dst-down]";

    [TestCase(6, 1, Severity.Ok, "well up to 6.1")]
    [TestCase(6, 2, Severity.Error, "never returns")]
    public void Asking_whether_a_set_is_active_stops_6_2(int major, int minor, Severity severity, string text)
    {
        var kamailio = With(Healthy.Call("ds_is_active", "\"1\"")) with { Version = new KamailioVersion(major, minor) };
        AssertFinding(ScriptCheck.Of(kamailio).Single(), severity, text, severity == Severity.Ok ? null : "select the destination");
    }

    [TestCase("ds_reload", "", "request_route", 6, 1, "calls ds_reload() in request_route: one more writer")]
    [TestCase("ds_reload", "", StateChange, 5, 6, "which is freed under it")]
    [TestCase("ds_reload", "", StateChange, 6, 2, "waits for itself, for ever")]
    [TestCase("jsonrpc_exec", "'{\"jsonrpc\": \"2.0\", \"method\": \"dispatcher.add\"}'", "route[X]", 6, 1, "jsonrpc_exec() of dispatcher.add in route[X]: one more writer")]
    [TestCase("jsonrpc_exec", "'{\"method\": \"dispatcher.reload\"}'", StateChange, 6, 2, "waits for itself")]
    public void A_script_that_changes_the_table_is_an_error(string function, string arguments, string route, int major, int minor, string text)
    {
        var kamailio = With(Healthy.Call(function, arguments, route)) with { Version = new KamailioVersion(major, minor) };
        AssertFinding(ScriptCheck.Of(kamailio).Single(), Severity.Error, text, "take it out of /etc/kamailio/kamailio.cfg:7");
    }

    [Test]
    public void What_a_script_may_carry_out_is_told_and_what_is_harmless_is_not()
    {
        AssertFinding(ScriptCheck.Of(With(Healthy.Call("jsonrpc_exec", "\"$var(command)\""))).Single(), Severity.Warning, "what a variable says", "no dispatcher.add");
        Assert.That(ScriptCheck.Of(With(Healthy.Call("jsonrpc_exec", "'{\"method\": \"dispatcher.list\"}'"))).Single().Severity, Is.EqualTo(Severity.Ok));
    }

    [Test]
    public void A_script_or_configuration_that_cannot_be_read_is_unknown()
    {
        Assert.That(ScriptCheck.Of(Healthy.Kamailio with { Config = Observed<KamailioConfig>.Not("denied") }).Single().Severity, Is.EqualTo(Severity.Unknown));
        AssertFinding(ScriptCheck.Of(Healthy.Kamailio with { Config = Healthy.Config() with { UnreadScripts = ["/k.lua: denied"] } }).Single(), Severity.Unknown, "/k.lua: denied", null);
    }

    [Test]
    public void What_is_armed_and_not_there_is_told()
    {
        AssertFinding(ScriptCheck.Of(With(Healthy.Call("t_on_branch", "\"NOPE\""))).Single(), Severity.Warning, "kamailio.cfg:7 arms branch_route[NOPE], which is not there: Kamailio starts, and leaves out", "write the block, or correct the name in t_on_branch(\"NOPE\")");
        var there = Healthy.Config(Healthy.Call("t_on_branch", "\"MINE\""), Healthy.Call("t_on_failure", "\"0\""), Healthy.Call("t_on_reply", "\"$var(reply)\""), Healthy.Call("t_on_branch", "\"kemi\"", route: string.Empty)) with
        {
            Lines = [new ConfigLine(ConfigWord.Block, "branch_route[MINE]", string.Empty, Condition.Yes, "/etc/kamailio/kamailio.cfg:1")],
        };
        Assert.That(ScriptCheck.Of(Healthy.Kamailio with { Config = there }).Single().Severity, Is.EqualTo(Severity.Ok));
    }

    [TestCase("13", "finds a destination slow")]
    [TestCase("14", "takes turns only among")]
    [TestCase("15", "lowest priority")]
    public void Algorithms_that_distinct_priorities_break_want_a_plain_order(string algorithm, string text)
    {
        var newest = new KamailioVersion(6, 2);
        AssertFinding(AlgorithmCheck.Of(Healthy.Kamailio with { Algorithm = algorithm, Version = newest }).Single(), Severity.Warning, text, "kamrpc dispatch --order plain");
        AssertFinding(AlgorithmCheck.Of(With(Healthy.Call("ds_select_dst", $"\"1\", \"{algorithm}\", \"3\"")) with { Version = newest }).Single(), Severity.Warning, text, "kamrpc dispatch --order plain");
        AssertFinding(AlgorithmCheck.Of(With(Healthy.Call("ds_select_routes", $"\"1=4;2={algorithm}\", \"0\"")) with { Version = newest }).Single(), Severity.Warning, text, "kamrpc dispatch --order plain");
    }

    [Test]
    public void With_plain_priorities_they_are_well()
    {
        var plain = Healthy.Kamailio with { Algorithm = "13", List = Healthy.List(Healthy.Destination("sip:10.0.0.1") with { Attributes = "duid=a;kamrpc=default", Priority = 127 }) };
        AssertFinding(AlgorithmCheck.Of(plain).Single(), Severity.Ok, "algorithm 13", null);
    }

    [TestCase("0")]
    [TestCase("7")]
    public void Hashing_algorithms_are_told_of_removals(string algorithm) =>
        AssertFinding(AlgorithmCheck.Of(Healthy.Kamailio with { Algorithm = algorithm, Config = Setting("hash_pvar", "$fU") }).Single(), Severity.Ok, "--removal-delay never", null);

    [Test]
    public void A_hash_over_a_variable_that_nothing_names_refuses_every_call()
    {
        var seven = Healthy.Kamailio with { Algorithm = "7" };
        AssertFinding(AlgorithmCheck.Of(seven).Single(), Severity.Error, "every call gets 503", "modparam(\"dispatcher\", \"hash_pvar\"");
        AssertFinding(AlgorithmCheck.Of(seven with { Config = Setting("hash_pvar", string.Empty) }).Single(), Severity.Error, "every call gets 503", "modparam(\"dispatcher\", \"hash_pvar\"");
        AssertFinding(AlgorithmCheck.Of(With(Healthy.Call("ds_select_routes", "\"1=4;2=7\", \"0\""))).Single(), Severity.Error, "every call gets 503", "modparam(\"dispatcher\", \"hash_pvar\"");
        AssertFinding(AlgorithmCheck.Of(seven with { Config = Observed<KamailioConfig>.Not("denied") }).Single(), Severity.Unknown, "whether that is set is not known: denied", "--kamailio-cfg FILE");
        Assert.That(ConfigurationChecks.Of(seven).Select(static finding => finding.Check), Has.Some.EqualTo("kamailio.algorithm"), "the daemon logs it");
    }

    [TestCase("99", 6, 1, "there is no algorithm 99: every call goes to the first destination")]
    [TestCase("-1", 6, 1, "there is no algorithm -1")]
    [TestCase("14", 6, 0, "algorithm 14 came with Kamailio 6.1, and this is 6.0")]
    [TestCase("64", 5, 6, "algorithm 64 came with Kamailio 6.0")]
    public void An_algorithm_that_Kamailio_does_not_have_is_an_error(string algorithm, int major, int minor, string text)
    {
        var release = new KamailioVersion(major, minor);
        AssertFinding(AlgorithmCheck.Of(Healthy.Kamailio with { Algorithm = algorithm, Version = release }).Single(), Severity.Error, text, "#!define KAMRPC_ALG \"4\"");
        AssertFinding(AlgorithmCheck.Of(With(Healthy.Call("ds_select_dst", $"\"1\", \"{algorithm}\"")) with { Version = release, Algorithm = "4" }).Single(), Severity.Error, text, "one that Kamailio has");
    }

    [Test]
    public void What_a_release_that_is_not_known_yet_may_have_is_no_error() =>
        Assert.That(AlgorithmCheck.Of(Healthy.Kamailio with { Algorithm = "16", Version = new KamailioVersion(6, 3) }).Select(static finding => finding.Severity), Has.None.EqualTo(Severity.Error));

    [TestCase("class=4", "class=4 in ds_ping_reply_codes (/etc/kamailio/kamailio.cfg:3): 408", "modparam(\"dispatcher\", \"ds_ping_reply_codes\", \"class=2\"")]
    [TestCase("class=2; Code = 408;code=404", "Code = 408 in", "modparam(\"dispatcher\", \"ds_ping_reply_codes\", \"class=2;code=404\"")]
    public void A_ping_that_nobody_answers_may_not_count_as_answered(string codes, string text, string fix)
    {
        AssertFinding(AnswerChecks.OfPings(Healthy.Kamailio with { Config = Setting("ds_ping_reply_codes", codes) }), Severity.Error, text, fix);
        var hidden = Healthy.Kamailio with { PingCodes = codes, Config = Observed<KamailioConfig>.Not("denied") };
        AssertFinding(AnswerChecks.OfPings(hidden), Severity.Error, "(KAMRPC_PING_CODES)", "#!define KAMRPC_PING_CODES");
        Assert.That(ConfigurationChecks.Of(hidden).Select(static finding => finding.Check), Has.Some.EqualTo("kamailio.ping-codes"), "the daemon logs it");
    }

    [Test]
    public void Other_answers_to_pings_are_well()
    {
        AssertFinding(AnswerChecks.OfPings(Healthy.Kamailio), Severity.Ok, "2xx alone", null);
        AssertFinding(AnswerChecks.OfPings(Healthy.Kamailio with { Config = Setting("ds_ping_reply_codes", "class=2;code=404;code=480") }), Severity.Ok, "class=2; code=404; code=480 (/etc/kamailio/kamailio.cfg:3)", null);
        AssertFinding(AnswerChecks.OfPings(Healthy.Kamailio with { Config = Observed<KamailioConfig>.Not("denied") }), Severity.Unknown, "denied", "--kamailio-cfg FILE");
    }

    [TestCase("500|", Severity.Warning)]
    [TestCase("", Severity.Warning)]
    [TestCase("[3-6][[:digit:]]+", Severity.Warning)]
    [TestCase("500|503|504", Severity.Ok)]
    [TestCase("5[[:digit:]][[:digit:]]", Severity.Ok)]
    [TestCase("5[", Severity.Ok, Description = "no Kamailio runs with it")]
    public void Codes_that_match_every_answer_try_each_refused_call_everywhere(string codes, Severity severity) => AssertFinding(
        AnswerChecks.OfFailover(Healthy.Kamailio with { FailoverCodes = codes }), severity, severity == Severity.Ok ? codes : "matches every answer", severity == Severity.Ok ? null : "#!define KAMRPC_FAILOVER_CODES \"500|503|504\"");

    [Test]
    public void Destinations_with_maxload_want_their_calls_counted()
    {
        var limited = Healthy.Kamailio with { List = Healthy.List(Healthy.Destination("sip:10.0.0.1") with { MaxLoad = 10, Duid = "a" }) };
        var counted = limited with { CallSlots = new Parameter(10, "k.cfg:9"), Config = Healthy.Config(Healthy.Call("route", "KAMRPC_CALL_ENDED")) };

        AssertFinding(CallLoadCheck.Of(limited).Single(), Severity.Error, "ds_hash_size is 0 (the default)", "modparam(\"dispatcher\", \"ds_hash_size\", 10)");
        AssertFinding(CallLoadCheck.Of(Healthy.Kamailio with { Algorithm = "10" }).Single(), Severity.Error, "algorithm 10, but ds_hash_size is 0", "#!define KAMRPC_CALL_LOAD");
        AssertFinding(CallLoadCheck.Of(limited with { CallSlots = Observed<Parameter>.Not("denied") }).Single(), Severity.Unknown, "denied", "--kamailio-cfg FILE");
        AssertFinding(CallLoadCheck.Of(counted).Single(), Severity.Ok, "1 destination with maxload: calls are counted", null);
        AssertFinding(CallLoadCheck.Of(counted with { Config = Healthy.Config(Healthy.Call("ds_load_update")) }).Single(), Severity.Ok, "calls are counted", null);
        AssertFinding(
            CallLoadCheck.Of(counted with { List = Healthy.List(Healthy.Destination("sip:10.0.0.1") with { MaxLoad = 10 }) }).Single(), Severity.Warning, "without a duid", "duid=NAME");
    }

    [Test]
    public void Counts_that_the_list_shows_prove_more_than_a_configuration()
    {
        var list = Healthy.List(Healthy.Destination("sip:10.0.0.1") with { MaxLoad = 10, Duid = "a", DialogLoad = 0 });
        Assert.That(CallLoadCheck.Of(Healthy.Kamailio with { List = list, Config = Observed<KamailioConfig>.Not("denied") }).Single().Severity, Is.EqualTo(Severity.Ok));
    }

    [Test]
    public void A_config_that_tells_nobody_of_the_ends_of_calls_is_an_error()
    {
        var snippet = new[] { Healthy.Call("ds_load_update", route: "route[KAMRPC_CALL_ENDED]"), Healthy.Call("t_on_reply", "\"KAMRPC_REPLY\""), Healthy.Call("route", "KAMRPC_CALL_ANSWERED", "onreply_route[KAMRPC_REPLY]") };
        var counted = Healthy.Kamailio with { Algorithm = "10", CallSlots = new Parameter(10, "k.cfg:9"), Config = Healthy.Config(snippet) };
        AssertFinding(CallLoadCheck.Of(counted).Single(), Severity.Error, "nobody tells the module of a BYE", "route(KAMRPC_CALL_ENDED);");

        ScriptCall[] ended = [.. snippet, Healthy.Call("route", "KAMRPC_CALL_ENDED")];
        Assert.That(CallLoadCheck.Of(counted with { Config = Healthy.Config(ended) }).Single().Severity, Is.EqualTo(Severity.Ok));

        ScriptCall[] own = [.. ended, Healthy.Call("t_on_reply", "\"MINE\"")];
        AssertFinding(CallLoadCheck.Of(counted with { Config = Healthy.Config(own) }).Single(), Severity.Warning, "arms MINE for replies", "route(KAMRPC_CALL_ANSWERED); in onreply_route[MINE]");
        Assert.That(CallLoadCheck.Of(counted with { Config = Healthy.Config([.. own, Healthy.Call("route", "KAMRPC_CALL_ANSWERED", "onreply_route[MINE]")]) }).Single().Severity, Is.EqualTo(Severity.Ok));
    }

    private static KamailioObservation With(params ScriptCall[] calls) => Healthy.Kamailio with { Config = Healthy.Config(calls) };

    /// <summary>A configuration that sets one parameter of dispatcher.</summary>
    private static KamailioConfig Setting(string name, string value) =>
        Healthy.Config() with { Parameters = [new ModuleParameter("dispatcher", name, value, IsCertain: true, "/etc/kamailio/kamailio.cfg:3")] };
}

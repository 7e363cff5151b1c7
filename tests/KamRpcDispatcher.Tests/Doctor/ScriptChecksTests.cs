using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Observations;
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
        Assert.That(ScriptCheck.Of(Healthy.Kamailio with { Config = Seen<KamailioConfig>.Not("denied") }).Single().Severity, Is.EqualTo(Severity.Unknown));
        AssertFinding(ScriptCheck.Of(Healthy.Kamailio with { Config = Healthy.Config() with { UnreadScripts = ["/k.lua: denied"] } }).Single(), Severity.Unknown, "/k.lua: denied", null);
    }

    [TestCase("13", "finds a destination slow")]
    [TestCase("14", "takes turns only among")]
    [TestCase("15", "lowest priority")]
    public void Algorithms_that_distinct_priorities_break_want_a_plain_order(string algorithm, string text)
    {
        AssertFinding(AlgorithmCheck.Of(Healthy.Kamailio with { Algorithm = algorithm }).Single(), Severity.Warning, text, "kamrpc dispatch --order plain");
        AssertFinding(AlgorithmCheck.Of(With(Healthy.Call("ds_select_dst", $"\"1\", \"{algorithm}\", \"3\""))).Single(), Severity.Warning, text, "kamrpc dispatch --order plain");
        AssertFinding(AlgorithmCheck.Of(With(Healthy.Call("ds_select_routes", $"\"1=4;2={algorithm}\", \"0\""))).Single(), Severity.Warning, text, "kamrpc dispatch --order plain");
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
        AssertFinding(AlgorithmCheck.Of(Healthy.Kamailio with { Algorithm = algorithm }).Single(), Severity.Ok, "--removal-delay never", null);

    [Test]
    public void Destinations_with_maxload_want_their_calls_counted()
    {
        var limited = Healthy.Kamailio with { List = Healthy.List(Healthy.Destination("sip:10.0.0.1") with { MaxLoad = 10, Duid = "a" }) };
        var counted = limited with { CallSlots = new Parameter(10, "k.cfg:9"), Config = Healthy.Config(Healthy.Call("route", "KAMRPC_CALL_ENDED")) };

        AssertFinding(CallLoadCheck.Of(limited).Single(), Severity.Error, "ds_hash_size is 0 (the default)", "modparam(\"dispatcher\", \"ds_hash_size\", 10)");
        AssertFinding(CallLoadCheck.Of(Healthy.Kamailio with { Algorithm = "10" }).Single(), Severity.Error, "algorithm 10, but ds_hash_size is 0", "#!define KAMRPC_CALL_LOAD");
        AssertFinding(CallLoadCheck.Of(limited with { CallSlots = Seen<Parameter>.Not("denied") }).Single(), Severity.Unknown, "denied", "--kamailio-cfg FILE");
        AssertFinding(CallLoadCheck.Of(counted).Single(), Severity.Ok, "1 destination with maxload: calls are counted", null);
        AssertFinding(CallLoadCheck.Of(counted with { Config = Healthy.Config(Healthy.Call("ds_load_update")) }).Single(), Severity.Ok, "calls are counted", null);
        AssertFinding(
            CallLoadCheck.Of(counted with { List = Healthy.List(Healthy.Destination("sip:10.0.0.1") with { MaxLoad = 10 }) }).Single(), Severity.Warning, "without a duid", "duid=NAME");
    }

    [Test]
    public void Counts_that_the_list_shows_prove_more_than_a_configuration()
    {
        var list = Healthy.List(Healthy.Destination("sip:10.0.0.1") with { MaxLoad = 10, Duid = "a", DialogLoad = 0 });
        Assert.That(CallLoadCheck.Of(Healthy.Kamailio with { List = list, Config = Seen<KamailioConfig>.Not("denied") }).Single().Severity, Is.EqualTo(Severity.Ok));
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
}

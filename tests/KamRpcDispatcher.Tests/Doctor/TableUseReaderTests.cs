using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Processes;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor;

public class TableUseReaderTests
{
    private static readonly TableUse Plain = new(false, false, false, false);

    [TestCase("request_route { ds_select_dst(\"1\", \"4\"); t_relay(); }", TestName = "selecting is what the module is for")]
    [TestCase("# event_route[dispatcher:dst-down] { }", TestName = "a comment runs nothing")]
    [TestCase("#!ifdef X\nevent_route[dispatcher:dst-down] { }\n#!define Y ds_reload()\n#!endif", TestName = "nor does what is not in force")]
    [TestCase("modparam(\"dispatcher\", \"ds_dns_mode\", 1)", TestName = "names are resolved when the list is read")]
    [TestCase("modparam(\"dispatcher\", \"ds_dns_mode\", 4)", TestName = "names are resolved by a timer")]
    [TestCase("modparam(\"dispatcher\", \"hash_pvar\", \"$avp(key)/$fU\")", TestName = "variables in memory")]
    [TestCase("event_route[tm:local-request] { route(PING); }\nroute[PING] { if ($rm == \"OPTIONS\") { t_set_fr(0, 500); } }\nroute[CALL] { ds_next_dst(); }", TestName = "an event route that calls others")]
    [TestCase("log_prefix_mode=0\nlog_engine_type=\"json\"", TestName = "log lines in memory")]
    public void A_usual_configuration_is_plain(string config) => Assert.That(Of(config) with { SweepsInSecondaryTimer = false }, Is.EqualTo(Plain));

    [TestCase("event_route[dispatcher:dst-up] { xlog(\"up\"); }", TestName = "an event route of the dispatcher's")]
    [TestCase("#!ifexp X\nevent_route[dispatcher:dst-down] { }\n#!endif", TestName = "one that may not be in force counts")]
    [TestCase("modparam(\"dispatcher\", \"event_callback\", \"ksr_dispatcher_event\")", TestName = "the KEMI callback")]
    [TestCase("modparam(\"dispatcher|tm\", \"hash_pvar\", \"$mct(key)\")", TestName = "a variable that asks a server")]
    [TestCase("modparam(\"dispatcher\", \"attrs_pvname\", \"$sht(a=>b)\")", TestName = "a variable of another module")]
    [TestCase("log_prefix_mode=1", TestName = "a prefix for each log line")]
    public void Code_of_others_runs_inside(string config) => Assert.That(Of(config), Is.EqualTo(Plain with { RunsScripts = true }));

    [TestCase("modparam(\"dispatcher\", \"ds_dns_mode\", 2)")]
    [TestCase("modparam(\"dispatcher\", \"ds_dns_mode\", 0x0b)")]
    [TestCase("modparam(\"dispatcher\", \"ds_dns_mode\", 2)\nmodparam(\"dispatcher\", \"ds_dns_mode\", 1)", TestName = "which of two is in force does not matter")]
    [TestCase("#!ifexp KAMAILIO_VERSION > 1\nmodparam(\"dispatcher\", \"ds_dns_mode\", 3)\n#!endif", TestName = "nor a condition that is not understood")]
    [TestCase("event_route[xhttp:request] { jsonrpc_dispatch(); }", TestName = "commands over HTTP run in workers")]
    [TestCase("route[X] { ds_reload(); }", TestName = "a reload by the script")]
    public void Names_are_resolved_inside(string config) => Assert.That(Of(config), Is.EqualTo(Plain with { ResolvesNames = true }));

    [TestCase("loadmodule \"log_custom.so\"")]
    [TestCase("log_engine_type=\"udp\"")]
    public void Log_lines_go_over_the_network(string config) => Assert.That(Of(config), Is.EqualTo(Plain with { LogsOverNetwork = true }));

    [TestCase("modparam(\"dispatcher\", \"ds_timer_mode\", 1)", true)]
    [TestCase("modparam(\"dispatcher\", \"ds_timer_mode\", 0)", false)]
    [TestCase("modparam(\"dispatcher\", \"ds_dns_mode\", 4)", true)]
    [TestCase("modparam(\"dispatcher\", \"ds_dns_mode\", 1)", false)]
    public void The_modules_timers_may_run_in_the_secondary_timer(string config, bool expected) =>
        Assert.That(Of(config), Is.EqualTo(Plain with { SweepsInSecondaryTimer = expected }));

    [TestCase("event_route[dialog:end] { ds_load_unset(); }", TestName = "a function of the dispatcher's in an event route")]
    [TestCase("event_route[tm:local-request] { if ($rm == \"{\") { route(A); } }\nroute[A] { route(B); }\nroute[B] { if (!ds_is_from_list(\"1\")) { drop; } }", TestName = "in a route that it calls by another")]
    [TestCase("event_route[tm:local-request] { route($var(name)); }", TestName = "by a name that is computed")]
    [TestCase("#!define PICK ds_select_dst(\"1\", \"4\")\nevent_route[tm:local-request] { PICK; }", TestName = "by a macro")]
    public void Event_routes_read_the_table(string config) => Assert.That(Of(config), Is.EqualTo(Plain with { IsReadInEventRoutes = true }));

    [Test]
    public void A_script_in_another_language_may_do_both() =>
        Assert.That(Of("loadmodule \"app_lua.so\""), Is.EqualTo(Plain with { ResolvesNames = true, IsReadInEventRoutes = true }));

    [Test]
    public void What_an_included_file_says_counts() =>
        Assert.That(
            TableUseReader.Of(new ConfigReader(static path => path == "/k.cfg" ? "include_file \"more.cfg\"" : "event_route[dispatcher:dst-up] { }", new Defines(new Dictionary<string, string>())).Read("/k.cfg")).RunsScripts,
            Is.True);

    private static TableUse Of(string config) =>
        TableUseReader.Of(new ConfigReader(_ => config, new Defines(new Dictionary<string, string>())).Read("/k.cfg"));
}

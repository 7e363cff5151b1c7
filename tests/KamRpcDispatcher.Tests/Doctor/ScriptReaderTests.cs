using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>Which calls are found in Kamailio's script, and where.</summary>
internal sealed class ScriptReaderTests
{
    private const string Main = "/etc/kamailio/kamailio.cfg";
    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);

    [SetUp]
    public void Forget() => _files.Clear();

    [Test]
    public void A_call_is_found_with_its_arguments_its_block_and_its_line()
    {
        var calls = Read("""
            #!define ALG "4"
            request_route {
                if (!ds_select_dst("$avp(set)", ALG, "3") || ds_is_active("1")) {
                    exit;
                }
            #!ifdef NOTHING
                ds_reload();
            #!endif
                route(OUT);
            }
            event_route [dispatcher:dst-up] { # ds_reload();
                jsonrpc_exec('{"jsonrpc": "2.0", "method": "dispatcher.add", "params": [1, "sip:a(b)"]}');
                xlog("ds_is_active()");
            }
            """).Calls;

        Assert.That(calls.Select(static call => $"{call.Place[Main.Length..]} {call.Route} {call.Function} {string.Join('|', call.Arguments)}"), Is.EqualTo(new[]
        {
            ":3 request_route ds_select_dst $avp(set)|4|3",
            ":3 request_route ds_is_active 1",
            ":9 request_route route OUT",
            """:12 event_route[dispatcher:dst-up] jsonrpc_exec {"jsonrpc": "2.0", "method": "dispatcher.add", "params": [1, "sip:a(b)"]}""",
        }));
        Assert.That(calls.Select(static call => call.IsWithinStateChange), Is.EqualTo(new[] { false, false, false, true }));
    }

    [Test]
    public void A_block_goes_on_behind_an_included_file_and_a_condition()
    {
        _files["/etc/kamailio/more.cfg"] = "route[MORE] { ds_reload(); }";
        Assert.That(
            Read("include_file \"more.cfg\"\nfailure_route[X] {\n#!ifexp UNKNOWN == 3\nds_reload();\n#!endif\nds_reload();\n}").Calls.Select(static call => (call.Route, call.IsCertain)),
            Is.EqualTo(new[] { ("route[MORE]", true), ("failure_route[X]", false), ("failure_route[X]", true) }));
    }

    [TestCase("rpc_exec_locks=1", true)]
    [TestCase("rpc_exec_locks = LOCKS", true)]
    [TestCase("rpc_exec_locks=4", false)]
    [TestCase("#rpc_exec_locks=1", false)]
    public void One_lock_for_RPC_is_seen(string line, bool isOne) => Assert.That(Read("#!define LOCKS 1\n" + line).HasOneRpcLock, Is.EqualTo(isOne));

    [Test]
    public void Scripts_of_KEMI_are_read_too()
    {
        _files["/etc/kamailio/k.lua"] = "function ksr_request_route()\n  -- KSR.dispatcher.ds_reload()\n  KSR.dispatcher.ds_is_active(1)\n  KSR.jsonrpcs.exec('{\"method\":\"dispatcher.reload\"}')\nend\n";

        var config = Read("loadmodule \"app_lua.so\"\nmodparam(\"app_lua\", \"load\", \"/etc/kamailio/k.lua\")\nmodparam(\"app_python3\", \"load\", \"/etc/kamailio/none.py\")");

        Assert.That(config.Calls.Select(static call => $"{call.Place} {call.Function}"), Is.EqualTo(new[] { "/etc/kamailio/k.lua:3 ds_is_active", "/etc/kamailio/k.lua:4 jsonrpc_exec" }));
        Assert.That(config.UnreadScripts, Is.EqualTo(new[] { "/etc/kamailio/none.py: there is no such file" }));
    }

    [TestCase("6002000", 0)]
    [TestCase("6001005", 1)]
    [TestCase(null, 1)]
    public void The_snippets_load_mode_is_evaluated(string? version, int expected)
    {
        var config = Read("#!ifndef MODE\n#!defexp MODE KAMAILIO_VERSION < 6002000\n#!endif\n#!trydef MODE 1\nmodparam(\"dispatcher\", \"ds_load_mode\", MODE)", version);
        Assert.That(config.Of("dispatcher", "ds_load_mode").Single().Number, Is.EqualTo(expected));
    }

    [TestCase("KAMAILIO_VERSION >= 6000000", true)]
    [TestCase("KAMAILIO_VERSION < 6000000", false)]
    [TestCase("KAMAILIO_VERSION == 6001005", true)]
    [TestCase("KAMAILIO_VERSION != 6001005", false)]
    [TestCase("FLAG", true)]
    [TestCase("FLAG > 1", false)]
    [TestCase("KAMAILIO_VERSION > 1 && FLAG", null)]
    [TestCase("UNKNOWN == 1", null)]
    public void Simple_expressions_are_evaluated_and_others_are_left_to_Kamailio(string expression, bool? expected)
    {
        var calls = Read($"#!define FLAG\n#!ifexp {expression}\nds_reload();\n#!endif", "6001005").Calls;
        Assert.That(calls.Select(static call => call.IsCertain), Is.EqualTo(expected is false ? Array.Empty<bool>() : [expected is true]));
    }

    [Test]
    public void Releases_up_to_5_6_take_expressions_for_comments() =>
        Assert.That(Read("#!define KAMAILIO_5_6\n#!ifdef NOTHING\n#!ifexp 1\n#!endif\nds_reload();").Calls, Has.Count.EqualTo(1));

    private KamailioConfig Read(string text, string? version = null)
    {
        _files[Main] = text;
        var defines = new Defines(new Dictionary<string, string>());
        if (version is not null)
        {
            defines.Set("KAMAILIO_VERSION", version);
        }

        return new ConfigReader(_files.GetValueOrDefault, defines).Read(Main);
    }
}

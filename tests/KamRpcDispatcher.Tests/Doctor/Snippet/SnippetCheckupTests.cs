using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Snippet;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor.Snippet;

/// <summary>Configs that use the snippet as they should, and that do not.</summary>
internal sealed class SnippetCheckupTests
{
    private const string Main = "/etc/kamailio/kamailio.cfg";
    private const string Included = "/etc/kamailio/kamrpc-dispatcher.cfg";
    private const string List = "/etc/kamailio/kamrpc-dispatcher.list";
    private const string Include = "include_file \"kamrpc-dispatcher.cfg\"\n";
    private const string Call = "\troute(KAMRPC_DISPATCH);\n";

    // Its lines are numbered in what is expected: the include is the sixth one.
    private const string Right = """
        #!KAMAILIO
        loadmodule "tm.so"
        loadmodule "rr.so"
        modparam("tm", "fr_timer", 30000)
        #!define KAMRPC_SET 2
        include_file "kamrpc-dispatcher.cfg"

        request_route {
        	if (has_totag()) {
        		route(WITHIN);
        	}
        	if (is_method("INVITE|SUBSCRIBE")) {
        		record_route();
        	}
        	route(OUT);
        }

        route[WITHIN] {
        	if (loose_route()) {
        		record_route();
        		t_relay();
        	}
        	exit;
        }

        route[OUT] {
        	t_on_reply("REPLY");
        	route(KAMRPC_DISPATCH);
        }

        onreply_route[REPLY] { xlog("reply\n"); }

        """;

    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);
    private readonly HashSet<string> _shut = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unusable = new(StringComparer.Ordinal);

    [SetUp]
    public void WriteFiles()
    {
        _files.Clear();
        _shut.Clear();
        _unusable.Clear();
        _files[Included] = SnippetFiles.Snippet;
        _files[List] = SnippetFiles.List;
    }

    [Test]
    public void Of_a_config_that_uses_it_rightly_there_is_nothing_to_say()
    {
        var report = Check(Right);

        Assert.That(report.Findings, Is.Empty);
        Assert.That((report.IsFine, report.Snippet, report.Calls.Single()), Is.EqualTo((true, Main + ":6", Main + ":28")));
    }

    [TestCase(Include, "#!ifdef WITH_DEBUG\n" + Include + "#!endif\n", "place Error :7", "inside #!ifdef WITH_DEBUG (/etc/kamailio/kamailio.cfg:6), which is off", "directly above the first routing block, request_route (/etc/kamailio/kamailio.cfg:10)")]
    [TestCase(Include, "#!ifndef MOD_tm\n" + Include + "#!endif\n", "place Error :7", "#!ifndef MOD_tm", "move the line")]
    [TestCase(Include, "#!ifdef MOD_tm\n#!else\n" + Include + "#!endif\n", "place Error :8", "the #!else of #!ifdef MOD_tm (/etc/kamailio/kamailio.cfg:6)", "move the line")]
    [TestCase(Include, "#!ifdef WITH_DEBUG\n#!ifdef MOD_tm\n" + Include + "#!endif\n#!endif\n", "place Error :8", "#!ifdef WITH_DEBUG", "move the line")]
    [TestCase(Include, "#!ifexp KAMAILIO_VERSION > 5\n" + Include + "#!endif\n", "place Unknown :7", "only Kamailio evaluates", "outside of the #!ifexp")]
    [TestCase(Include, "\n", "include Error ", "not included", "include_file \"kamrpc-dispatcher.cfg\", directly above")]
    [TestCase(Include, "# " + Include, "include Error ", "not included", "include_file")]
    [TestCase(Include, "include_file \"other/kamrpc-dispatcher.cfg\"\n", "include Error :6", "/etc/kamailio/other/kamrpc-dispatcher.cfg: there is no such file", "kamrpc cfg --write /etc/kamailio/other")]
    [TestCase(Include, "import_file \"other/kamrpc-dispatcher.cfg\"\n", "include Error :6", "there is no file /etc/kamailio/other/kamrpc-dispatcher.cfg", "kamrpc cfg --write /etc/kamailio/other")]
    [TestCase(Include, "include_file \"/old/kamrpc-dispatcher.cfg\"\n", "include Error :6", "is not the snippet", "kamrpc cfg --write /old")]
    [TestCase(Call, "", "route Error kamrpc-dispatcher.cfg", "nothing calls route(KAMRPC_DISPATCH)", "route(KAMRPC_DISPATCH);")]
    [TestCase(Call, "#" + Call, "route Error kamrpc-dispatcher.cfg", "nothing calls", "route(KAMRPC_DISPATCH);")]
    [TestCase(Call, "#!ifdef WITH_PSTN\n" + Call + "#!endif\n", "route Error :29", "only inside #!ifdef WITH_PSTN (/etc/kamailio/kamailio.cfg:28), which is off", "take the condition away")]
    [TestCase("\troute(OUT);\n", "", "route Error :27", "in route[OUT] only, which nothing calls", "call route[OUT] too")]
    [TestCase(Call, "\tif (is_method(\"INVITE\")) {\n\t\trecord_route();\n\t}\n" + Call, "record-route Error :29", "a second time on the way to route(KAMRPC_DISPATCH), after /etc/kamailio/kamailio.cfg:13", "take one of them out")]
    [TestCase("route[OUT] {\n", "route[OUT] {\n\troute(AGAIN);\n", "record-route Error :34", "after /etc/kamailio/kamailio.cfg:13", "take one of them out", "route[AGAIN] {\n\trecord_route();\n}\n")]
    [TestCase("\t\trecord_route();\n\t}\n\troute(OUT)", "\t}\n\troute(OUT)", "record-route Note :27", "no record_route() comes before it", "record_route();")]
    [TestCase(Include, Include + "loadmodule \"htable.so\"\n", "modules Error :7", "loads htable after the snippet has (/etc/kamailio/kamailio.cfg:6)", "or this line above it")]
    [TestCase(Include, Include + "modparam(\"dispatcher\", \"reload_delta\", 5)\n", "parameters Error :7", "reload_delta of dispatcher is set to 5 after the snippet has set it to 0", "take the line out")]
    [TestCase(Include, Include + "modparam(\"jsonrpcs|tm\", \"dgram_workers\", 4)\n", "parameters Error :7", "dgram_workers", "take the line out")]
    [TestCase(Include, Include + "modparam(\"dispatcher\", \"ds_ping_interval\", 30)\n", "parameters Warning :7", "to 30 after the snippet has set it to 2", "#!define KAMRPC_PING_INTERVAL 30 above the include")]
    [TestCase(Include, Include + "modparam(\"dispatcher\", \"ds_ping_from\", \"sip:me@here\")\n", "parameters Warning :7", "to sip:me@here after", "#!define KAMRPC_PING_FROM \"sip:me@here\" above the include")]
    [TestCase(Include, "modparam(\"dispatcher\", \"ds_ping_interval\", 30)\n" + Include, "parameters Note :6", "to 30 here, and to 2 by the snippet", "#!define KAMRPC_PING_INTERVAL 30")]
    [TestCase(Include, Include + "#!define KAMRPC_ALG \"9\"\n", "defines Error :7", "KAMRPC_ALG is defined after the snippet has been included", "above the include")]
    [TestCase(Include, "#!define KAMRPC_SOKET \"/run/x.sock\"\n" + Include, "defines Error :6", "no define KAMRPC_SOKET", "did you mean KAMRPC_SOCKET?")]
    [TestCase(Include, "#!trydef KAMRPC_COLOUR 3\n" + Include, "defines Error :6", "no define KAMRPC_COLOUR, and nothing else reads it", "take the line out")]
    [TestCase("\"REPLY\"", "\"REPLI\"", "missing-route Warning :27", "t_on_reply(\"REPLI\"): there is no onreply_route[REPLI]; Kamailio starts, and leaves out", "write the block")]
    [TestCase("\troute(OUT);\n", "\troute(OUT);\n\troute(PSTN);\n", "missing-route Error :16", "there is no route[PSTN]; kamailio -c passes", "write the block")]
    [TestCase(Include, "#!define KAMRPC_BRANCH_ROUTE \"MANAGE_BRANCH\"\n" + Include, "missing-route Warning :6", "KAMRPC_BRANCH_ROUTE names branch_route[MANAGE_BRANCH], which is not there; Kamailio starts, and leaves out", "write the block")]
    [TestCase(Include, "#!define KAMRPC_FAILURE_ROUTE \"NATMANAGE\"\n" + Include, "missing-route Error :6", "KAMRPC_FAILURE_ROUTE names route[NATMANAGE], which is not there; kamailio -c passes, and Kamailio does not start", "write the block")]
    [TestCase("onreply_route[REPLY] {", "event_route[tm:local-request] { }\nonreply_route[REPLY] {", "duplicate Error :31", "event_route[tm:local-request] is there already (/etc/kamailio/kamrpc-dispatcher.cfg:", "#!define KAMRPC_OWN_LOCAL_REQUEST")]
    [TestCase(Include, "#!define KAMRPC_LIST_FILE \"/srv/none.list\"\n" + Include, "list-file Error kamrpc-dispatcher.cfg", "there is no file /srv/none.list; kamailio -c passes", "make /srv/none.list")]
    public void What_is_wrong_is_found_where_it_is(string from, string to, string finding, string text, string fix, string end = "")
    {
        _files["/old/kamrpc-dispatcher.cfg"] = "route[OLD] { exit; }\n";
        Assert.That(Right.Split(from), Has.Length.EqualTo(2), "the part that is replaced");

        var report = Check(Right.Replace(from, to, StringComparison.Ordinal) + end);

        Assert.That(report.Findings, Has.Count.EqualTo(1), string.Join('\n', report.Findings));
        var found = report.Findings[0];
        Assert.That($"{found.Check} {found.Severity} {found.Place.Replace(Main, string.Empty, StringComparison.Ordinal).Replace("/etc/kamailio/", string.Empty, StringComparison.Ordinal)}", finding.Contains(".cfg", StringComparison.Ordinal) ? Does.StartWith(finding) : Is.EqualTo(finding));
        Assert.That(found.Text, Does.Contain(text));
        Assert.That(found.Fix, Does.Contain(fix));
        Assert.That(report.IsFine, Is.EqualTo(found.Severity == Severity.Note));
    }

    [TestCase(Call, "\tif (is_method(\"SUBSCRIBE\")) {\n\t\trecord_route();\n\t}\n" + Call)]
    [TestCase(Call, "\tif (!is_method(\"INVITE\")) record_route();\n" + Call)]
    [TestCase(Call, "\tif ($rU == \"x\") {\n\t\trecord_route();\n\t\tt_relay();\n\t\texit;\n\t}\n" + Call)]
    [TestCase("\t\trecord_route();\n\t}\n\troute(OUT)", "\t\tif ($si == \"10.0.0.1\") {\n\t\t\trecord_route();\n\t\t} else {\n\t\t\trecord_route();\n\t\t}\n\t}\n\troute(OUT)")]
    [TestCase("\troute(OUT);\n", "\troute(LOCAL);\n\troute(OUT);\n", "route[LOCAL] {\n\tif (!is_method(\"REGISTER\") && !has_totag()) return;\n\trecord_route();\n}\n")]
    [TestCase(Include, Include + "modparam(\"htable\", \"htable\", \"mine=>size=4;\")\nloadmodule \"acc.so\"\nmodparam(\"dispatcher\", \"flags\", 2)\n")]
    [TestCase(Include, "#!define KAMRPC_MINE 3\n" + Include + "#!ifdef KAMRPC_MINE\n#!endif\n")]
    [TestCase(Include, "#!define KAMRPC_OWN_LOCAL_REQUEST\n" + Include, "event_route[tm:local-request] { route(KAMRPC_PING); }\n")]
    [TestCase("#!define KAMRPC_SET 2\n", "#!ifdef NEVER\n#!define KAMRPC_SOKET 2\nmodparam(\"dispatcher\", \"reload_delta\", 5)\n#!endif\n")]
    [TestCase("\troute(OUT);\n", "\troute(\"$var(next)\");\n")]
    public void What_only_looks_wrong_is_not_told(string from, string to, string end = "")
    {
        Assert.That(Right.Split(from), Has.Length.EqualTo(2), "the part that is replaced");
        Assert.That(Check(Right.Replace(from, to, StringComparison.Ordinal) + end).Findings, Is.Empty);
    }

    [Test]
    public void An_include_below_the_call_is_told() =>
        Assert.That(Finding(Check(Right.Replace(Include, "\n", StringComparison.Ordinal) + Include)), Is.EqualTo("place Warning " + Main + ":32"));

    [TestCase(Include + Include, "the snippet is included twice, at /etc/kamailio/kamailio.cfg:6 and at /etc/kamailio/kamailio.cfg:7", "leave one directly above the first routing block")]
    [TestCase(Include + "include_file \"kamrpc-dispatcher.cfg\"\nimport_file \"/etc/kamailio/kamrpc-dispatcher.cfg\"\n", "the snippet is included 3 times, at /etc/kamailio/kamailio.cfg:6 and at /etc/kamailio/kamailio.cfg:7 and at /etc/kamailio/kamailio.cfg:8", "take all but one")]
    [TestCase("include_file \"servers.cfg\"\ninclude_file \"servers.cfg\"\n", "/etc/kamailio/servers.cfg is included twice, at /etc/kamailio/kamailio.cfg:6 and at /etc/kamailio/kamailio.cfg:7", "take all but one")]
    [TestCase(Include + "include_file \"copy/kamrpc-dispatcher.cfg\"\n", "the snippet is there twice, at /etc/kamailio/kamrpc-dispatcher.cfg:", "leave one of them")]
    public void What_is_included_twice_is_told_once_and_where(string includes, string text, string fix)
    {
        _files["/etc/kamailio/servers.cfg"] = Include;
        _files["/etc/kamailio/copy/kamrpc-dispatcher.cfg"] = SnippetFiles.Snippet;

        var report = Check(Right.Replace(Include, includes, StringComparison.Ordinal));

        Assert.That(report.Findings.Select(static finding => $"{finding.Check} {finding.Severity}"), Is.EqualTo(new[] { "duplicate Error" }), string.Join('\n', report.Findings));
        Assert.That(report.Findings[0].Text, Does.StartWith(text));
        Assert.That(report.Findings[0].Fix, Does.Contain(fix));
    }

    [Test]
    public void A_file_that_includes_itself_is_told_as_that_and_none_of_its_blocks()
    {
        _files["/etc/kamailio/a.cfg"] = "route[A] { exit; }\ninclude_file \"b.cfg\"\n";
        _files["/etc/kamailio/b.cfg"] = "include_file \"a.cfg\"\n";

        var report = Check(Right + "include_file \"a.cfg\"\n");

        Assert.That(Finding(report), Is.EqualTo("unread Error /etc/kamailio/a.cfg:2").Or.EqualTo("unread Error /etc/kamailio/b.cfg:1"));
        Assert.That(report.Findings[0].Text, Does.Contain("includes itself (/etc/kamailio/").And.Contain("does not start"));
        Assert.That(report.Findings[0].Fix, Does.StartWith("take the line out"));
    }

    [Test]
    public void A_file_that_is_no_file_to_read_is_not_to_be_put_there()
    {
        _unusable.Add("/etc/kamailio/more.cfg");
        var report = Check(Right + "include_file \"more.cfg\"\n");

        Assert.That(Finding(report), Is.EqualTo("unread Unknown " + Main + ":32"));
        Assert.That(report.Findings[0].Text, Does.Contain("'/etc/kamailio/more.cfg' is longer than"));
        Assert.That(report.Findings[0].Fix, Does.Not.Contain("put the file there").And.Contain("see to it yourself"));
        Assert.That(Check(Right + "include_file \"none.cfg\"\n").Findings[0].Fix, Is.EqualTo("put the file there, or correct its path"));
    }

    [Test]
    public void What_Kamailios_command_line_defines_counts()
    {
        var conditional = Right.Replace(Include, "#!ifdef WITH_SERVERS\n" + Include + "#!endif\n", StringComparison.Ordinal);

        Assert.That(Check(conditional, ("WITH_SERVERS", "")).Findings, Is.Empty);
        Assert.That(Check(Right, ("KAMRPC_SOKET", "\"/x\"")).Findings.Single().Place, Is.EqualTo("-A KAMRPC_SOKET"));
    }

    [Test]
    public void A_config_that_cannot_be_read_is_unknown_and_not_without_the_snippet()
    {
        _shut.Add(Main);
        var report = Check(Right);

        Assert.That(Finding(report), Is.EqualTo("unread Unknown " + Main));
        Assert.That(report.Findings[0].Fix, Does.Contain("a user that may read it"));
    }

    [Test]
    public void An_included_file_that_cannot_be_read_may_have_the_routes_that_are_missed()
    {
        _files["/etc/kamailio/more.cfg"] = "route[MORE] { exit; }\n";
        _shut.Add("/etc/kamailio/more.cfg");

        Assert.That(Finding(Check(Right.Replace("\troute(OUT);\n", "\troute(OUT);\n\troute(MORE);\n", StringComparison.Ordinal) + "include_file \"more.cfg\"\n")), Is.EqualTo("unread Unknown " + Main + ":33"));
    }

    [Test]
    public void A_snippet_that_cannot_be_read_is_named_where_it_is_included()
    {
        _shut.Add(Included);
        Assert.That(Finding(Check(Right)), Is.EqualTo("include Error " + Main + ":6"));
    }

    [Test]
    public void The_snippet_of_another_version_is_a_note()
    {
        _files[Included] = SnippetFiles.Snippet + "# changed\n";
        var report = Check(Right);

        Assert.That((Finding(report), report.IsFine), Is.EqualTo(("snippet Note " + Included, true)));
    }

    [Test]
    public void A_snippet_that_was_pasted_is_in_force_too()
    {
        var report = Check(Right.Replace(Include, SnippetFiles.Snippet, StringComparison.Ordinal));
        Assert.That((report.Findings.Count, report.IsFine), Is.EqualTo((0, true)), string.Join('\n', report.Findings));
    }

    [Test]
    public void The_complete_config_of_this_project_is_fine()
    {
        var file = Path.Combine(RealServers.RepositoryRoot, "kamailio-cfg", "kamailio.cfg");
        Assert.That(SnippetCheckup.Run(file, [], new SnippetHost(path => path == List ? "" : File.ReadAllText(path))).Findings, Is.Empty);
    }

    private SnippetReport Check(string config, params (string Name, string Value)[] defines)
    {
        _files[Main] = config;
        return SnippetCheckup.Run(Main, defines, new SnippetHost(path => _shut.Contains(path) ? throw new UnauthorizedAccessException($"cannot open '{path}': Permission denied")
            : _unusable.Contains(path) ? throw new IOException($"'{path}' is longer than 4194304 bytes")
            : _files.GetValueOrDefault(path)));
    }

    /// <summary>The only one.</summary>
    private static string Finding(SnippetReport report)
    {
        var finding = report.Findings.Single();
        return $"{finding.Check} {finding.Severity} {finding.Place}";
    }
}

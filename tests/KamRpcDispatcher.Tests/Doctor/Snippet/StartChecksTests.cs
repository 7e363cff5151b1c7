using System.Net;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Snippet;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Processes;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor.Snippet;

/// <summary>Configs that <c>kamailio -c</c> takes and with which Kamailio does not start: each was tried with Kamailio 5.6.3.</summary>
internal sealed class StartChecksTests
{
    private const string Main = "/etc/kamailio/kamailio.cfg";
    private const string Route = "event_route[xhttp:request] { jsonrpc_dispatch(); }\n";

    private static readonly Dictionary<string, string> Files = new(StringComparer.Ordinal)
    {
        ["/etc/kamailio/kamrpc-dispatcher.cfg"] = SnippetFiles.Snippet,
        ["/etc/kamailio/kamrpc-dispatcher.list"] = SnippetFiles.List,
    };

    private static readonly SnippetHost Host = new(Files.GetValueOrDefault)
    {
        IsDirectory = static path => path is "/" or "/tmp" or "/tmp/" or "/srv" or "/etc/kamailio",
        HasAddress = static address => IPAddress.IsLoopback(address),
        HasUser = static user => user is "kamailio" or "nobody",
        WhoCannotGiveTo = static owner => owner == "kamailio" ? [] : ["kamailio"],
    };

    [TestCase("#!define KAMRPC_TRANSPORT 7", "transport Error", "has HTTP in it (1), and nothing loads xhttp (\"cannot find bind_xhttp\")", "or #!define KAMRPC_TRANSPORT 6 above the include, without HTTP")]
    [TestCase("#!define KAMRPC_TRANSPORT 7\n#!ifdef WITH_JSONRPC\nloadmodule \"xhttp.so\"\n#!endif", "transport Error", "nothing loads xhttp", "#!define WITH_JSONRPC")]
    [TestCase("#!define KAMRPC_TRANSPORT 3", "transport Error, transport Warning", "nothing loads xhttp", "or #!define KAMRPC_TRANSPORT 6 above")]
    [TestCase("#!define KAMRPC_TRANSPORT 2", "transport Warning", "the socket that kamrpc dispatch writes to (/run/kamailio/kamailio_rpc.sock) is not opened", "#!define KAMRPC_TRANSPORT 6 above the include")]
    [TestCase("loadmodule \"xhttp.so\"", "missing-route Error", "xhttp is loaded, and there is no event_route[xhttp:request]", "write the block")]
    [TestCase("#!define KAMRPC_SOCKET \"/nodir/x.sock\"", "socket Error", "dgram_socket: there is no directory /nodir to make /nodir/x.sock in", "make /nodir, or another path in KAMRPC_SOCKET")]
    [TestCase("#!define KAMRPC_SOCKET \"/run/mine/x.sock\"", "socket Error", "there is no directory /run/mine", "RuntimeDirectory= of Kamailio's unit")]
    [TestCase("#!define KAMRPC_SOCKET \"/srv\"", "socket Error", "/srv is a directory, in the place of which Kamailio cannot make its socket", "another path in KAMRPC_SOCKET")]
    [TestCase("#!define KAMRPC_SOCKET \"/srv/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "socket Error", "has 107 bytes at most, and /srv/aaa", "another path in KAMRPC_SOCKET")]
    [TestCase("#!define KAMRPC_SOCKET \"udp:10.99.99.99:8090\"", "socket Error", "dgram_socket: 10.99.99.99 is no address of this machine", "udp:127.0.0.1:PORT")]
    [TestCase("#!define KAMRPC_SOCKET \"udp:[2001:db8::7]:8090\"", "socket Error", "2001:db8::7 is no address", "udp:127.0.0.1:PORT")]
    [TestCase("#!define KAMRPC_FAILOVER_CODES \"5[\"", "defines Error", "KAMRPC_FAILOVER_CODES is no regular expression (Invalid pattern '5['", "#!define KAMRPC_FAILOVER_CODES \"500|503|504\"")]
    [TestCase("#!define KAMRPC_FIFO \"/nodir/x.fifo\"", "socket Error", "fifo_name: there is no directory /nodir", "another path in KAMRPC_FIFO")]
    [TestCase("#!define KAMRPC_FIFO_REPLY_DIR \"/nodir/\"", "socket Error", "fifo_reply_dir: there is no directory /nodir/ for the replies", "make /nodir/")]
    [TestCase("#!define KAMRPC_SOCKET_USER \"nobodys\"", "socket Error", "there is no user 'nobodys' on this machine", "in KAMRPC_SOCKET_USER")]
    [TestCase("#!define KAMRPC_SOCKET_USER \"nobody\"", "socket Error", "user kamailio, as whom Kamailio starts, may not make 'nobody' the owner", "take KAMRPC_SOCKET_USER out, and run kamrpc as user kamailio")]
    [TestCase("#!define KAMRPC_ALG \"abc\"", "algorithm Error", "KAMRPC_ALG: 'abc' is no number of an algorithm", "\"4\", round robin")]
    [TestCase("#!define KAMRPC_MAX_TRIES \"all\"", "defines Error", "KAMRPC_MAX_TRIES: 'all' is no number", "#!define KAMRPC_MAX_TRIES \"5\"")]
    public void What_kamailio_c_takes_and_Kamailio_does_not_start_with_is_told(string line, string findings, string text, string fix)
    {
        var report = Check(line);

        Assert.That(string.Join(", ", report.Findings.Select(static finding => $"{finding.Check} {finding.Severity}")), Is.EqualTo(findings), string.Join('\n', report.Findings));
        var first = report.Findings[0];
        Assert.That(first.Place, Is.EqualTo(Main + ":1"), "the line that is to be changed");
        Assert.That(first.Text, Does.Contain(text));
        Assert.That(first.Fix, Does.Contain(fix));
        Assert.That(first.Text, first.Severity == Severity.Error ? Does.EndWith("kamailio -c passes, and Kamailio does not start") : Does.Not.Contain("does not start"));
    }

    [TestCase("#!define KAMRPC_TRANSPORT 7\nloadmodule \"xhttp.so\"", Route)]
    [TestCase("#!define KAMRPC_TRANSPORT 7", "loadmodule \"xhttp.so\"\n" + Route)]
    [TestCase("#!define KAMRPC_TRANSPORT 7\n#!ifexp KAMAILIO_VERSION > 5\nloadmodule \"xhttp.so\"\n#!endif", "")]
    [TestCase("#!define KAMRPC_TRANSPORT 7\ninclude_file \"unread.cfg\"", "", Description = "what is not read may load it; that it is not read is told")]
    [TestCase("#!define KAMRPC_TRANSPORT 0", "", Description = "whatever there is")]
    [TestCase("#!define KAMRPC_TRANSPORT 4\n#!define KAMRPC_FIFO \"/nodir/x\"\n#!define KAMRPC_FIFO_REPLY_DIR \"/nodir/\"", "", Description = "no FIFO is made")]
    [TestCase("#!define KAMRPC_SOCKET \"/run/kamailio/mine.sock\"", "", Description = "its unit, or Kamailio itself, makes the directory")]
    [TestCase("#!define KAMRPC_SOCKET \"mine.sock\"", "", Description = "in run_dir, which Kamailio makes")]
    [TestCase("#!define KAMRPC_SOCKET \"udp:127.0.0.1:8090\"", "")]
    [TestCase("#!define KAMRPC_SOCKET \"udp:kamailio.test:8090\"", "")]
    [TestCase("#!define KAMRPC_SOCKET \"/srv/x.sock\"", "")]
    [TestCase("#!define KAMRPC_FAILOVER_CODES \"5[0-9][0-9]\"", "")]
    [TestCase("#!define KAMRPC_SOCKET_USER \"kamailio\"", "")]
    [TestCase("user = \"kamailio\"\n#!define KAMRPC_SOCKET_USER \"nobody\"", "", Description = "it may be root when it makes them")]
    public void What_Kamailio_starts_with_is_not_told(string lines, string end) =>
        Assert.That(Check(lines, end).Findings.Where(static finding => finding.Check != "unread"), Is.Empty);

    [Test]
    public void A_directory_that_cannot_be_seen_is_not_said_to_be_missing() =>
        Assert.That(Check("#!define KAMRPC_SOCKET \"/shut/x.sock\"", host: Host with { IsDirectory = static path => path == "/shut" ? null : true }).Findings.Select(static finding => finding.Text), Has.None.Contains("no directory"));

    [Test]
    public void A_user_who_may_not_make_the_socket_or_not_read_the_list_is_named()
    {
        var host = Host with { WhoCannotWrite = static path => path == "/srv" ? [("kamailio", "/srv")] : [], WhoCannotRead = static path => path.EndsWith(".list", StringComparison.Ordinal) ? [("kamailio", path)] : [] };
        var findings = Check("#!define KAMRPC_SOCKET \"/srv/x.sock\"", host: host).Findings;

        Assert.That(findings.Select(static finding => finding.Check), Is.EqualTo(new[] { "list-file", "socket" }));
        Assert.That(findings[0].Text, Does.Contain("user kamailio, as whom Kamailio starts, may not read /etc/kamailio/kamrpc-dispatcher.list, by the mode of it").Or.Contain("by the mode of /etc/kamailio/kamrpc-dispatcher.list"));
        Assert.That(findings[0].Fix, Is.EqualTo("chmod o+r /etc/kamailio/kamrpc-dispatcher.list"));
        Assert.That(findings[1].Text, Does.Contain("user kamailio, as whom Kamailio starts, may not make /srv/x.sock, by the mode of /srv"));
    }

    [TestCase(0, 0)]
    [TestCase(1, 1)]
    public void A_list_that_kamrpc_keeps_goes_with_a_load_mode_that_takes_what_it_can(int mode, int found)
    {
        var host = Host with { Read = static path => path.EndsWith(".list", StringComparison.Ordinal) ? $"# mine\n{ListFileUse.Head} ...\n" : Files.GetValueOrDefault(path) };
        var findings = Check($"#!define KAMRPC_LOAD_MODE {mode}", host: host).Findings;

        Assert.That(findings.Where(static finding => finding.Check == "list-file").Select(static finding => finding.Fix), Is.EqualTo(Enumerable.Repeat("#!define KAMRPC_LOAD_MODE 0", found)));
    }

    [Test]
    public void Only_root_gives_its_files_to_another_user()
    {
        const uint Nobody = 65_534;
        Account[] both = [Account.Of(0), Account.Of(Nobody)];
        Assert.That(KamailioReaders.WhoCannotGiveTo("root", both), Is.EqualTo(new[] { Account.Of(Nobody).Name }));
        Assert.That(KamailioReaders.WhoCannotGiveTo("65534", both), Is.Empty);
        Assert.That(KamailioReaders.WhoCannotGiveTo("nosuchuser", both), Is.Empty, "that is told as such");
    }

    private static SnippetReport Check(string lines, string end = "", SnippetHost? host = null)
    {
        var config = lines + "\nloadmodule \"rr.so\"\ninclude_file \"kamrpc-dispatcher.cfg\"\nrequest_route {\n\trecord_route();\n\troute(KAMRPC_DISPATCH);\n}\n" + end;
        host ??= Host;
        return SnippetCheckup.Run(Main, [], host with { Read = path => path == Main ? config : host.Read(path) });
    }
}

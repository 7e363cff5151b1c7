using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>Has Kamailio itself check the files in <c>kamailio-cfg</c>, in the ways an operator uses them.</summary>
[Category("Matrix")]
public sealed class KamailioCfgTests
{
    private const string Snippet = "kamrpc-dispatcher.cfg";

    private static readonly string[] SnippetOverrides =
    [
        "KAMRPC_SOCKET=\"/tmp/other.sock\"",
        "KAMRPC_SOCKET_MODE=0660",
        "KAMRPC_SOCKET_USER=\"root\"",
        "KAMRPC_FIFO=\"/tmp/other.fifo\"",
        "KAMRPC_FIFO_REPLY_DIR=\"/run/\"",
        "KAMRPC_TRANSPORT=5",
        "KAMRPC_LIST_FILE=\"/tmp/other.list\"",
        "KAMRPC_LOAD_MODE=0",
        "KAMRPC_SET=7",
        "KAMRPC_ALG=\"11\"",
        "KAMRPC_SPLIT_KEY=\"caller\"",
        "KAMRPC_CALL_LOAD",
        "KAMRPC_DIALOGS",
        "KAMRPC_CALL_SLOTS=8",
        "KAMRPC_CALL_EXPIRE=3600",
        "KAMRPC_CALL_SETUP_EXPIRE=300",
        "KAMRPC_MAX_TRIES=\"3\"",
        "KAMRPC_FR_TIMEOUT=1500",
        "KAMRPC_FR_TIMEOUT_NON_INVITE=4000",
        "KAMRPC_FAILOVER_CODES=\"503\"",
        "KAMRPC_RETRY_AFTER=30",
        "KAMRPC_PING_INTERVAL=5",
        "KAMRPC_PING_TIMEOUT=1000",
        "KAMRPC_PING_FAILURES=2",
        "KAMRPC_PING_SUCCESSES=3",
        "KAMRPC_PING_FROM=\"sip:ping@example.org\"",
        "KAMRPC_PING_CODES=\"class=2\"",
        "KAMRPC_HOMER=\"sip:127.0.0.2:9061\"",
        "KAMRPC_HOMER_ID=7",
        "KAMRPC_OWN_LOCAL_REQUEST",
        "KAMRPC_BRANCH_ROUTE=\"OPERATORS_BRANCH\"",
        "KAMRPC_FAILURE_ROUTE=\"OPERATORS_FAILURE\"",
    ];

    private static readonly string[] ConfigOverrides =
    [
        "KAMRPC_LISTEN=udp:127.0.0.2:5070",
        "KAMRPC_LISTEN_TCP=tcp:127.0.0.2:5070",
        "KAMRPC_WORKERS=2",
    ];

    private TemporaryFolder? _folder;

    private static string CfgFolder { get; } = Path.Combine(RealServers.RepositoryRoot, "kamailio-cfg");

    [SetUp]
    public void CreateFolder()
    {
        RealServers.Require("kamailio");
        _folder = new TemporaryFolder();
    }

    [TearDown]
    public void DeleteFolder() => _folder?.Dispose();

    [Test]
    public async Task The_complete_config_passes_the_check()
        => Passes(await KamailioProgram.CheckAsync(Path.Combine(CfgFolder, "kamailio.cfg")));

    [Test]
    public async Task The_complete_config_passes_the_check_with_every_define_overridden()
    {
        var wrapper = Write("wrapper.cfg", $$"""
            #!KAMAILIO
            include_file "{{CfgFolder}}/kamailio.cfg"
            branch_route[OPERATORS_BRANCH] { return; }
            route[OPERATORS_FAILURE] { return; }
            """);

        Passes(await KamailioProgram.CheckAsync(wrapper, [.. SnippetOverrides, .. ConfigOverrides]));
    }

    [Test]
    public async Task The_snippet_alone_passes_the_check_and_loads_what_it_needs()
        => Passes(await KamailioProgram.CheckAsync(Including(SnippetPath)));

    [Test]
    public async Task The_snippet_passes_the_check_with_every_define_overridden()
    {
        var config = Including(SnippetPath, after: """
            event_route[tm:local-request] { route(KAMRPC_PING); }
            branch_route[OPERATORS_BRANCH] { return; }
            route[OPERATORS_FAILURE] { return; }
            """);

        Passes(await KamailioProgram.CheckAsync(config, SnippetOverrides));
    }

    [TestCase("")]
    [TestCase("loadmodule \"siptrace.so\"")]
    public async Task The_snippet_passes_the_check_with_Homer(string before) =>
        Passes(await KamailioProgram.CheckAsync(Including(SnippetPath, $"{before}\n#!define WITH_HOMER"), SnippetOverrides.Where(static define => define.Contains("HOMER", StringComparison.Ordinal)).ToArray()));

    [Test]
    public async Task A_define_before_the_include_takes_precedence_over_the_default()
    {
        var config = Including(SnippetPath, before: "#!define KAMRPC_SET )");

        Fails(await KamailioProgram.CheckAsync(config), "syntax error");
    }

    [Test]
    public async Task The_snippet_fits_into_a_config_that_already_loads_its_modules()
    {
        // Kamailio refuses to load a module twice, so this fails as soon as one of the guards is missing.
        var modules = ModulesOf(SnippetPath);
        Assert.That(modules, Has.Length.GreaterThan(5));

        var before = string.Join('\n', modules.Select(module => $"loadmodule \"{module}\""))
            + "\nmodparam(\"jsonrpcs\", \"transport\", 7)\nmodparam(\"dispatcher\", \"reload_delta\", 5)";

        Passes(await KamailioProgram.CheckAsync(Including(SnippetPath, before)));
    }

    [Test]
    public async Task A_snippet_without_its_guards_fails_the_check_where_the_modules_are_loaded_already()
    {
        var unguarded = string.Join('\n', File.ReadLines(SnippetPath).Where(line => !line.StartsWith("#!", StringComparison.Ordinal)
            || line.StartsWith("#!trydef", StringComparison.Ordinal)));

        var config = Including(Write("unguarded.cfg", unguarded), before: "loadmodule \"tm.so\"");

        Fails(await KamailioProgram.CheckAsync(config), "load the same module twice");
    }

    [Test]
    public async Task A_snippet_with_a_misspelled_parameter_fails_the_check()
    {
        var broken = Write("broken.cfg", File.ReadAllText(SnippetPath).Replace("\"ds_ping_interval\"", "\"ds_ping_intervall\"", StringComparison.Ordinal));

        Fails(await KamailioProgram.CheckAsync(Including(broken)), "ds_ping_intervall");
    }

    [Test]
    public async Task A_snippet_with_a_misspelled_function_fails_the_check()
    {
        var broken = Write("broken.cfg", File.ReadAllText(SnippetPath).Replace("ds_next_dst()", "ds_next_dest()", StringComparison.Ordinal));

        Fails(await KamailioProgram.CheckAsync(Including(broken)), "ds_next_dest");
    }

    [Test]
    public void The_snippet_never_marks_a_destination_because_that_would_undo_a_drain()
        => Assert.That(
            File.ReadLines(SnippetPath).Where(line => !line.TrimStart().StartsWith('#')),
            Has.None.Contains("ds_mark_"));

    [Test]
    public void The_list_that_Kamailio_loads_at_start_holds_no_destination()
        => Assert.That(
            File.ReadLines(Path.Combine(CfgFolder, "kamrpc-dispatcher.list")),
            Is.Not.Empty.And.All.StartsWith("#"));

    [Test]
    public void The_readme_explains_every_define()
    {
        var defines = new[] { SnippetPath, Path.Combine(CfgFolder, "kamailio.cfg") }
            .SelectMany(File.ReadLines)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length > 1 && words[0] is "#!trydef" or "#!ifdef" or "#!ifndef")
            .Select(words => words[1])
            .Where(name => name.StartsWith("KAMRPC_", StringComparison.Ordinal))
            .Distinct()
            .ToArray();
        var readme = File.ReadAllText(Path.Combine(CfgFolder, "README.md"));

        Assert.Multiple(() =>
        {
            Assert.That(defines, Has.Length.EqualTo(SnippetOverrides.Length + ConfigOverrides.Length), "every define is overridden by a test");
            Assert.That(defines.Where(name => !readme.Contains($"`{name}`", StringComparison.Ordinal)), Is.Empty);
        });
    }

    private static string SnippetPath => Path.Combine(CfgFolder, Snippet);

    private static string[] ModulesOf(string config)
        => [.. File.ReadLines(config).Where(line => line.StartsWith("loadmodule", StringComparison.Ordinal)).Select(line => line.Split('"')[1])];

    /// <summary>The smallest config that has a routing block, which Kamailio insists on.</summary>
    private string Including(string snippet, string before = "", string after = "") => Write("including.cfg", $$"""
        #!KAMAILIO
        listen=udp:127.0.0.1:5060
        auto_aliases=no
        {{before}}
        include_file "{{snippet}}"
        {{after}}
        request_route { route(KAMRPC_DISPATCH); }
        """);

    private string Write(string name, string text)
    {
        var path = _folder!.File(name);
        File.WriteAllText(path, text + "\n");
        return path;
    }

    private static void Passes((int ExitCode, string Output) check)
    {
        Assert.Multiple(() =>
        {
            Assert.That(check.ExitCode, Is.Zero, check.Output);
            Assert.That(check.Output, Does.Contain("config file ok").And.Not.Match("WARNING|ERROR|CRITICAL"));
        });
    }

    private static void Fails((int ExitCode, string Output) check, string reason)
    {
        Assert.Multiple(() =>
        {
            Assert.That(check.ExitCode, Is.Not.Zero, check.Output);
            Assert.That(check.Output, Does.Contain(reason));
        });
    }
}

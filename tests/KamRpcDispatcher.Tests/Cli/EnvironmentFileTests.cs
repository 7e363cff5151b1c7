using System.CommandLine;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>The environment files of the samples, and variables that are options of nobody.</summary>
public partial class EnvironmentFileTests
{
    private static readonly string[] Commands = ["announce", "dispatch"];

    [TestCaseSource(nameof(Commands))]
    public void Every_variable_of_a_sample_is_an_option_of_its_command(string command)
    {
        var known = Root().Subcommands.Single(known => known.Name == command).Options.Select(OptionReader.Variable).ToList();
        var variables = Variables(command);

        Assert.That(variables, Has.Length.GreaterThan(10));
        Assert.That(variables.Select(static variable => variable.Name).Except(known), Is.Empty);
        Assert.That(variables.Select(static variable => variable.Name), Is.Unique);
    }

    /// <summary>The last option is wrong, so that it goes no further.</summary>
    [TestCase("announce", "KAMRPC_IP")]
    [TestCase("announce", "KAMRPC_URI")]
    [TestCase("dispatch", "")]
    public async Task What_a_sample_gives_is_a_value_that_its_option_takes(string command, string leftOut)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("secret"), "secret");
        var environment = Variables(command)
            .Where(variable => variable.Name != leftOut && !variable.Name.StartsWith("KAMRPC_ETCD_", StringComparison.Ordinal))
            .Select(variable => variable switch
            {
                { Name: "KAMRPC_IP" } => variable with { Value = "10.0.0.11" },
                { Name: "KAMRPC_BOOT_LIST" } => variable with { Value = folder.File("dispatcher.list") },
                _ => variable,
            })
            .Append(new Variable("KAMRPC_AMI_SECRET_FILE", folder.File("secret")))
            .Select(static variable => (variable.Name, variable.Value)).ToArray();

        var (exitCode, _, errors) = await Kamrpc.RunAsync([command, "--log-level", "loud"], environment);

        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(errors.Split('\n').Where(static line => line.StartsWith("kamrpc: ", StringComparison.Ordinal) && !line.Contains("every user can read", StringComparison.Ordinal)).Single(), Does.Contain("--log-level: 'loud'"));
    }

    [TestCase("KAMRPC_ETDC", "KAMRPC_ETCD")]
    [TestCase("KAMRPC_ETCD_ENDPOINTS", "KAMRPC_ETCD")]
    [TestCase("KAMRPC_ENDPOINTS", "KAMRPC_ETCD")]
    [TestCase("KAMRPC_KAMAILLIO", "KAMRPC_KAMAILIO")]
    [TestCase("KAMRPC_DRAINTIMEOUT", "KAMRPC_DRAIN_TIMEOUT")]
    [TestCase("KAMRPC_LOGLEVEL", "KAMRPC_LOG_LEVEL")]
    [TestCase("KAMRPC_STATEDIR", "KAMRPC_STATE_DIR")]
    public void A_variable_that_is_nearly_an_option_is_warned_of(string typed, string meant) =>
        Assert.That(EnvironmentVariables.Warnings([typed], Root()), Is.EqualTo(new[] { $"kamrpc: warning: the variable {typed} is no option, and has no effect; did you mean {meant}?" }));

    [Test]
    public async Task A_variable_of_a_switch_says_yes_or_no()
    {
        var (exitCode, _, errors) = await Kamrpc.RunAsync(["status", "--cluster", "a/b"], [("KAMRPC_ALL", "maybe"), ("KAMRPC_VERBOSE", "yes"), ("KAMRPC_WATCH", "0")]);

        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(errors, Does.Contain("kamrpc: KAMRPC_ALL: 'maybe' is not 1 or 0, true or false, yes or no\n").And.Not.Contain("KAMRPC_VERBOSE").And.Not.Contain("KAMRPC_WATCH"));
    }

    /// <summary>The last option is wrong, so that it goes no further.</summary>
    [TestCase("status", "etcd.members,trouble-xy")]
    [TestCase("doctor", "held,trouble-xy,etcd.members")]
    public async Task What_is_ignored_by_another_command_is_passed_over(string command, string ignored)
    {
        var (exitCode, _, errors) = await Kamrpc.RunAsync([command, "-o", "xml"], [("KAMRPC_IGNORE", ignored)]);

        Assert.That((exitCode, errors), Is.EqualTo((2, $"kamrpc: --output: 'xml' is not table, json or yaml\nTry 'kamrpc {command} --help'.\n")));
    }

    [TestCase("cfg")]
    [TestCase("cfg", "--stock")]
    public async Task A_variable_that_is_of_no_use_here_does_not_keep_the_snippet_from_being_printed(params string[] arguments)
    {
        var (exitCode, output, errors) = await Kamrpc.RunAsync(arguments, [("KAMRPC_OUTPUT", "json"), ("KAMRPC_USER", "root"), ("KAMRPC_FORCE", "1"), ("KAMRPC_DEFINE", "WITH_NAT")]);

        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        Assert.That(output, Does.Contain("KAMRPC_DISPATCH"));
    }

    [TestCase("KAMRPC_STACK", TestName = "A_variable_that_is_no_option_and_has_an_effect_is_right")]
    [TestCase("KAMRPC_TEST_KAMAILIO_CFG", TestName = "One_of_the_tests_is_none_of_ours")]
    [TestCase("KAMRPC_CHAOS", TestName = "One_that_is_near_to_nothing_may_be_anybodys")]
    [TestCase("KAMRPC_PORT_8090_TCP_ADDR", TestName = "One_that_Kubernetes_sets_for_a_service_is_right")]
    [TestCase("KAMRPC_SERVICE_HOST", TestName = "The_host_that_Kubernetes_sets_for_a_service_is_right")]
    [TestCase("kamrpc_etdc", TestName = "Another_case_is_another_variable")]
    [TestCase("ETCDCTL_ENDPOINTS", TestName = "Other_programs_variables_are_theirs")]
    public void What_is_right_is_not_warned_of(string name) => Assert.That(EnvironmentVariables.Warnings([name], Root()), Is.Empty);

    [Test]
    public void No_option_of_any_command_is_warned_of() =>
        Assert.That(EnvironmentVariables.Warnings(Root().Subcommands.SelectMany(static command => command.Options).Select(OptionReader.Variable), Root()), Is.Empty);

    [Test]
    public async Task What_Kubernetes_sets_for_a_service_of_the_same_name_is_no_port()
    {
        var (_, _, errors) = await Kamrpc.RunAsync(["announce", "--uri", "sip:10.0.0.1", "--fall", "0"], [("KAMRPC_PORT", "tcp://10.3.0.1:80"), ("KAMRPC_SERVICE_HOST", "10.3.0.1")]);

        Assert.That(errors, Does.StartWith("kamrpc: --fall: '0'").And.Not.Contain("--port").And.Not.Contain("KAMRPC_"));
    }

    private static RootCommand Root() => new CommandLine().Root;

    private static Variable[] Variables(string command) =>
    [
        .. File.ReadLines(Path.Combine(RealServers.RepositoryRoot, "samples", "systemd", command + ".env"))
            .Select(static line => Assignment().Match(line)).Where(static match => match.Success).Select(static match => new Variable(match.Groups[1].Value, match.Groups[2].Value)),
    ];

    // Commented out or not.
    [GeneratedRegex("^#?([A-Z_]+)=(.*)$")]
    private static partial Regex Assignment();

    private sealed record Variable(string Name, string Value);
}

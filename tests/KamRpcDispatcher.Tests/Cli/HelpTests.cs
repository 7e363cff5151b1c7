using System.CommandLine;
using KamRpcDispatcher.Cli;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Cli.Help;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What is printed for who asks what there is.</summary>
public class HelpTests
{
    /// <summary>Of a screen of usual size.</summary>
    private const int Rows = 52;

    private static IEnumerable<string> Commands => Root().Subcommands.Select(static command => command.Name);

    [TestCase]
    [TestCase("--help")]
    [TestCase("help")]
    [TestCase("-h")]
    public async Task Who_asks_what_there_is_gets_every_command_with_an_example(params string[] arguments)
    {
        var (exitCode, output, errors) = await Kamrpc.RunAsync(arguments);

        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        foreach (var command in Commands)
        {
            Assert.That(output, Does.Contain($"\n  {command} ").And.Match($@"\n +(source <\()?kamrpc {command} "), command);
        }
    }

    [Test]
    public void The_help_of_the_program_is_read_on_one_screen()
    {
        var lines = HelpPage.OfProgram(new CommandLine().Root).ToList();

        Assert.That(lines, Has.Count.LessThanOrEqualTo(Rows));
        Assert.That(lines.Where(static line => line.Length > WrappedText.Columns), Is.Empty);
    }

    [TestCaseSource(nameof(Commands))]
    public void The_help_of_a_command_has_its_options_by_subject_two_examples_and_its_exit_codes(string name)
    {
        var command = Root().Subcommands.Single(command => command.Name == name);
        var lines = HelpPage.OfCommand(command).ToList();

        Assert.That(command, Is.InstanceOf<CliCommand>(), "it says under which heading it stands, with examples and exit codes");
        var help = ((CliCommand)command).Help;
        Assert.Multiple(() =>
        {
            Assert.That(help.Examples, Has.Count.EqualTo(2).And.All.Contains("kamrpc " + name));
            Assert.That(help.Exits.Select(static exit => exit.Code), Has.Some.Zero.And.None.EqualTo(ExitCode.Usage).And.Unique);
            Assert.That(lines.Where(static line => line.Length > WrappedText.Columns), Is.Empty);
            Assert.That(lines.IndexOf("Examples"), Is.GreaterThan(0).And.LessThan(lines.IndexOf("Exit codes")));
            Assert.That(command.Options.Where(static option => string.IsNullOrEmpty(option.Description)), Is.Empty);
            foreach (var option in command.Options)
            {
                string[] names = [option.Name, .. option.Aliases.Select(alias => $"{alias}, {option.Name}")];
                var entries = lines.Count(line => names.Any(name => $"{line} ".StartsWith($"  {name} ", StringComparison.Ordinal)));
                Assert.That(entries, Is.EqualTo(1), option.Name);
                Assert.That(WrappedText.Lines(option.Description!, WrappedText.Columns - 24).Count(), Is.LessThanOrEqualTo(3), option.Name);
            }
        });
    }

    [TestCaseSource(nameof(Commands))]
    public async Task Examples_are_commands_that_are_understood(string name)
    {
        foreach (var example in ((CliCommand)Root().Subcommands.Single(command => command.Name == name)).Help.Examples)
        {
            var arguments = example[example.IndexOf("kamrpc ", StringComparison.Ordinal)..].Split('|', '>', ')')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..];
            var parsed = new CommandLine().Parse(arguments);
            Assert.That(parsed.Errors, Is.Empty, example);
            Assert.That(Mistyped.Errors(parsed), Is.Empty, example);
        }

        var (exitCode, output, _) = await Kamrpc.RunAsync("help", name);
        Assert.That((exitCode, output), Is.EqualTo((0, string.Join('\n', HelpPage.OfCommand(Root().Subcommands.Single(command => command.Name == name))) + "\n")));
    }

    [Test]
    public void Options_stand_under_their_headings_with_what_is_needed_first()
    {
        var lines = HelpPage.OfCommand(Root().Subcommands.Single(static command => command.Name == "dispatch")).ToList();
        var order = new[] { "What you will need", "What is done to Kamailio's list", "etcd", "Kamailio", "Timing", "The rest", "Examples", "Exit codes" }.Select(title => lines.IndexOf(title)).ToList();

        Assert.That(order, Is.Ordered.And.All.GreaterThan(0));
        Assert.That(lines[order[0] + 1], Does.Match("^  --(etcd|kamailio) "));
    }

    [TestCase("status", "What is shown", "--watch")]
    [TestCase("explain", "What is shown", "--set")]
    [TestCase("list", "What is shown", "--cluster")]
    [TestCase("doctor", "What is examined and shown", "--ignore")]
    [TestCase("drain", "What is drained and shown", "--min-ready")]
    [TestCase("resume", "What is resumed and shown", "--label")]
    [TestCase("confirm", "What is confirmed and shown", "--set")]
    [TestCase("cfg", "What is done", "--write")]
    [TestCase("announce", "What is announced", "--weight")]
    [TestCase("dispatch", "What is done to Kamailio's list", "--order")]
    public void What_a_command_is_about_stands_under_a_heading_that_says_so(string name, string heading, string option)
    {
        var lines = HelpPage.OfCommand(Root().Subcommands.Single(command => command.Name == name)).ToList();
        var below = lines.Skip(lines.IndexOf(heading) + 1).TakeWhile(static line => line.Length > 0).ToList();

        Assert.That(lines, Does.Contain(heading));
        Assert.That(below.Where(line => line.Contains($" {option} ", StringComparison.Ordinal)), Has.Exactly(1).Items);
    }

    [TestCaseSource(nameof(Commands))]
    public void The_rest_is_what_is_left_of_a_daemons_many_options(string name)
    {
        var headings = HelpPage.OfCommand(Root().Subcommands.Single(command => command.Name == name)).Where(static line => line.Length > 0 && line[0] != ' ').ToList();

        Assert.That(headings.IndexOf("The rest"), Is.EqualTo(name is "announce" or "dispatch" or "page" ? headings.IndexOf("Examples") - 1 : -1));
        Assert.That(headings.Any(static heading => heading.EndsWith("[OPTIONS]", StringComparison.Ordinal)), Is.EqualTo(name != "completion"));
    }

    [Test]
    public void A_long_word_has_a_line_of_its_own() =>
        Assert.That(WrappedText.Lines("a very-long-word-indeed b c", 8), Is.EqualTo(new[] { "a", "very-long-word-indeed", "b c" }));

    private static RootCommand Root() => new CommandLine().Root;
}

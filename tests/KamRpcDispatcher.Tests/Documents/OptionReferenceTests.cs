using System.CommandLine;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Cli.Options;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>The options in the reference are those that there are.</summary>
internal sealed partial class OptionReferenceTests
{
    private const string Head = "| option | default | meaning |";
    private const string VariableHead = "| option | variable | command |";

    private static readonly RootCommand Root = new CommandLine().Root;

    private static IEnumerable<string> Commands => Root.Subcommands.Select(static command => command.Name);

    [Test]
    public void Every_command_has_a_section_and_no_other_has() => Assert.That(
        MarkdownFile.Reference.Lines.Where(static line => line.StartsWith("## kamrpc ", StringComparison.Ordinal)),
        Is.EquivalentTo(Commands.Select(static command => $"## kamrpc {command}")));

    [TestCaseSource(nameof(Commands))]
    public void A_section_has_every_option_of_its_command_once_and_no_other(string command) =>
        Assert.That(Rows(command).SelectMany(static row => row.Names), Is.EquivalentTo(Options(command).SelectMany(NamesOf)));

    /// <summary>The help tells it in brackets; the reference may say more.</summary>
    [TestCaseSource(nameof(Commands))]
    public void A_default_is_the_one_that_the_help_tells(string command)
    {
        var options = Options(command).SelectMany(static option => NamesOf(option).Select(name => (Name: name, Option: option))).ToDictionary(static one => one.Name, static one => one.Option);
        foreach (var row in Rows(command))
        {
            var defaults = row.Names.Select(name => DefaultOf(options[name])).OfType<string>().Distinct().ToList();
            if (SameAs().Match(row.Meaning) is { Success: true, Groups: var groups })
            {
                var other = groups["command"].Value;
                var there = Rows(other).Where(static known => !SameAs().IsMatch(known.Meaning)).SelectMany(static known => known.Names).ToHashSet();
                Assert.That(row.Default, Is.Empty, $"{row.Names[0]} is as for {other}");
                Assert.That(row.Names, Is.SubsetOf(there), $"what is as for {other} stands there");
                Assert.That(row.Names.Where(name => Options(other).Single(option => NamesOf(option).Contains(name)) is var known && DefaultOf(known) != DefaultOf(options[name])), Is.Empty);
                continue;
            }

            Assert.That(defaults.Where(text => !Plain(row.Default).Contains(Beginning(text), StringComparison.Ordinal)), Is.Empty, $"{row.Names[0]}: {row.Default}");
            if (defaults.TrueForAll(static text => !text.Contains(' ', StringComparison.Ordinal)))
            {
                Assert.That(MarkdownFile.CodeIn(row.Default), Is.SubsetOf(defaults), row.Names[0]);
            }

            if (defaults.Count == 0)
            {
                Assert.That(row.Default, Is.Empty.Or.EqualTo("none"), row.Names[0]);
            }
        }
    }

    [Test]
    public void Every_option_stands_with_its_variable_and_its_commands_and_no_other() => Assert.That(
        MarkdownFile.Rows(MarkdownFile.Reference.Section("## Variables"), VariableHead).Select(static row => string.Join(" | ", row)),
        Is.EqualTo(Root.Subcommands.SelectMany(static command => Options(command.Name).Select(option => (Option: option, Command: command.Name)))
            .GroupBy(static one => one.Option.Name).OrderBy(static group => group.Key, StringComparer.Ordinal)
            .Select(static group => $"`{group.Key}` | `{OptionReader.Variable(group.First().Option)}` | {string.Join(", ", group.Select(static one => one.Command))}")));

    [GeneratedRegex(@"^as for `kamrpc (?<command>[a-z]+)`")]
    private static partial Regex SameAs();

    [GeneratedRegex(@"\[default: (?<text>.*)\]$")]
    private static partial Regex Default();

    [GeneratedRegex("^--?[A-Za-z][A-Za-z0-9-]*")]
    private static partial Regex Name();

    private static IReadOnlyList<Row> Rows(string command) =>
    [
        .. MarkdownFile.Rows(MarkdownFile.Reference.Section($"## kamrpc {command}"), Head)
            .Select(static cells => new Row([.. MarkdownFile.CodeIn(cells[0]).Select(static code => Name().Match(code).Value)], cells[1], cells[2])),
    ];

    private static IEnumerable<Option> Options(string command) => Root.Subcommands.Single(known => known.Name == command).Options;

    private static IEnumerable<string> NamesOf(Option option) => option.Aliases.Append(option.Name);

    private static string? DefaultOf(Option option) => Default().Match(option.Description!) is { Success: true } match ? match.Groups["text"].Value : null;

    private static string Plain(string cell) => cell.Replace("`", string.Empty, StringComparison.Ordinal);

    /// <summary>Before what is another one in another case.</summary>
    private static string Beginning(string text) => text.Split(", ")[0].Split("; ")[0];

    private sealed record Row(IReadOnlyList<string> Names, string Default, string Meaning);
}

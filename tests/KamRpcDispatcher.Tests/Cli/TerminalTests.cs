using KamRpcDispatcher.Cli.Output;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

public class TerminalTests
{
    [TestCase(null, 120)]
    [TestCase("", 120)]
    [TestCase("0", 120, Description = "as some that run jobs set it")]
    [TestCase("-1", 120)]
    [TestCase("wide", 120)]
    [TestCase("20", 40)]
    [TestCase("97", 97)]
    public void Without_a_terminal_the_width_is_that_of_the_variable_if_it_says_one(string? variable, int columns) =>
        Assert.That(Terminal.ColumnsOf(variable), Is.EqualTo(columns));
}

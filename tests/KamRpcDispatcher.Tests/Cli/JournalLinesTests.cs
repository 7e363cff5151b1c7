using KamRpcDispatcher.Cli.Host.Logging;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What is told outside of the log has a priority in the journal too, and nowhere else.</summary>
public class JournalLinesTests
{
    [Test]
    public void Each_line_has_a_priority_and_those_of_the_log_keep_theirs()
    {
        using var text = new StringWriter();
        using var lines = new JournalLines(text);

        lines.WriteLine("kamrpc: warning: the file can be read by all");
        lines.WriteLine("kamrpc: nobody answers\nTry \'kamrpc --help\'.");
        lines.Write("<6>KamRpcDispatcher.X[1] In step\n");
        lines.Write("kamrpc: in ");
        lines.Write("two pieces");
        lines.WriteLine();
        lines.WriteLine(new InvalidOperationException("broken"));

        Assert.That(text.ToString(), Is.EqualTo("<4>kamrpc: warning: the file can be read by all\n<3>kamrpc: nobody answers\n<3>Try \'kamrpc --help\'.\n<6>KamRpcDispatcher.X[1] In step\n<3>kamrpc: in two pieces\n<3>System.InvalidOperationException: broken\n"));
    }

    [TestCase("", "dispatch --grace off", "kamrpc: --grace: ")]
    [TestCase("<3>", "dispatch --grace off", "kamrpc: --grace: ")]
    [TestCase("<3>", "list --kamailio jsonrpc+unix:/none/k.sock", "kamrpc: Kamailio does not listen on ")]
    [TestCase("<4>", "list --kamailio jsonrpc+unix:/none/k.sock", "kamrpc: warning: the variable KAMRPC_ETDC ")]
    public async Task A_usage_error_and_a_fatal_exit_have_it_where_standard_error_is_the_journal(string priority, string command, string text)
    {
        RealServers.Require("stat");
        var journal = priority.Length > 0 ? "$(stat -L -c %d:%i /proc/self/fd/2)" : "1:1";
        var program = Path.Combine(AppContext.BaseDirectory, "kamrpc.dll");

        var (_, _, errors) = await Kamrpc.RunProgramAsync("bash", ["-c", $"JOURNAL_STREAM={journal} KAMRPC_ETDC=x exec dotnet {program} {command}"]);

        Assert.That(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Some.StartsWith(priority + text), errors);
        Assert.That(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.All.Match(priority.Length > 0 ? "^<[34]>" : "^[^<]"), errors);
    }
}

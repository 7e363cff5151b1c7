using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Newcomer;

/// <summary>
/// What of the documents' commands cannot be run as it stands on a machine without a network, and what is run in its place. All others are run letter by letter;
/// systemctl is tests/machine/systemctl, which does what the unit files say.
/// </summary>
internal sealed class CommandReplacements
{
    private readonly Dictionary<string, string> _table = new(StringComparer.Ordinal)
    {
        // It goes on until it is stopped: the newcomer's next command is typed in another terminal.
        ["kamrpc announce --ip auto"] = "setsid kamrpc announce --ip auto </dev/null >/var/log/announce.log 2>&1 &",
    };

    private readonly HashSet<string> _used = [];

    /// <param name="isInstalled">Whether everything is on the machine that can be: then nothing is installed, nor built.</param>
    public CommandReplacements(bool isInstalled)
    {
        if (isInstalled)
        {
            // As CI does; nothing can be fetched here.
            _table["apt install etcd-server etcd-client"] = "command -v etcd etcdctl";
            _table["apt install kamailio patch"] = "command -v kamailio patch";

            // Built with the tests.
            _table["dotnet publish src/KamRpcDispatcher.Cli -c Release -o /opt/kamrpc"] = $"dotnet publish src/KamRpcDispatcher.Cli -c {Configuration} --no-build -o /opt/kamrpc";
        }
    }

    private static string Configuration => AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    /// <summary>What is run for a block.</summary>
    public string Apply(DocumentedBlock block) => string.Join('\n', block.Commands.Select(command =>
    {
        if (_table.TryGetValue(command, out var other))
        {
            _used.Add(command);
            return other;
        }

        return command;
    }));

    /// <summary>A command that the documents have no more is one that this table must not have either.</summary>
    /// <param name="others">Those of parts that were not run.</param>
    public void AssertAllUsed(IEnumerable<DocumentedBlock> others) =>
        Assert.That(_table.Keys.Except(_used).Except(others.SelectMany(static block => block.Commands)), Is.Empty, "no document has these commands any more");
}

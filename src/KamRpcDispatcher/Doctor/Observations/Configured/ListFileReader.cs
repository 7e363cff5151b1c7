using System.Text;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Processes;

namespace KamRpcDispatcher.Doctor.Observations.Configured;

/// <summary>Finds the file from which a Kamailio of this machine loads its destinations.</summary>
/// <param name="client">Asks Kamailio.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class ListFileReader(IRpcClient client, TimeProvider timeProvider)
{
    /// <summary>Right after a start Kamailio lists some of its processes only.</summary>
    private const int Tries = 20;

    /// <summary>Of a list: ten times what a hundred thousand destinations take.</summary>
    private const int MostBytes = 128 * 1024 * 1024;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly RunningConfig _config = new(client, timeProvider);

    /// <summary>By the configuration of the Kamailio that answers now.</summary>
    public async Task<ListFileUse> ReadAsync(CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var processes = await client.ListProcessesAsync(cancellationToken).ConfigureAwait(false);
            if (processes.Any(static process => process.IsMainOfAll))
            {
                // Files of its names are here, too, where it runs on another machine: they say nothing of it.
                return ProcessIdentity.Check(processes) is { } reason ? ListFileUse.Unknown(reason)
                    : await _config.ReadAsync(processes, cancellationToken).ConfigureAwait(false) is { } config ? Of(config, KamailioRoot.Of(processes))
                    : ListFileUse.Unknown("its configuration cannot be read, or was written since its start");
            }

            if (tries == Tries)
            {
                return ListFileUse.Unknown("it does not list its processes");
            }

            await Task.Delay(Pause, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Whether the file that a configuration names is kept by this tool.</summary>
    public static bool IsKept(KamailioConfig config, string root)
    {
        try
        {
            return Of(config, root).Path is { } path && NamedFile.ReadBytes(path, MostBytes).AsSpan().IndexOf(Encoding.ASCII.GetBytes(ListFileUse.Head)) >= 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>What a configuration says.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="root">What comes before a path of Kamailio's.</param>
    internal static ListFileUse Of(KamailioConfig config, string root)
    {
        if (config.Unread.Count > 0)
        {
            return ListFileUse.Unknown($"a part of its configuration cannot be read: {config.Unread[0]}");
        }

        if (config.Of("dispatcher", "db_url").LastOrDefault() is { } database)
        {
            return ListFileUse.None($"it loads them from a database (db_url, {database.Place})");
        }

        return config.Of("dispatcher", "list_file").LastOrDefault() is not { IsCertain: true } list ? ListFileUse.Unknown("its configuration names no list_file, or not for certain")
            : !Path.IsPathRooted(list.Value) ? ListFileUse.Unknown($"list_file {list.Value} ({list.Place}) is no absolute path")
            : new ListFileUse(root + list.Value, null, config.Of("dispatcher", "ds_load_mode").LastOrDefault() is { } mode && (mode.Number != 0 || !mode.IsCertain)) { Name = root.Length == 0 ? list.Value : list.Value + " (in a root of its own)" };
    }
}

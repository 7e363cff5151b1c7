using System.Text.RegularExpressions;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Processes;

namespace KamRpcDispatcher.Doctor.Observations.Configured;

/// <summary>Finds in Kamailio's configuration what may happen inside the functions that hold the dispatcher's table.</summary>
internal sealed partial class TableUseReader(IRpcClient client, TimeProvider timeProvider)
{
    /// <summary>The bit of <c>ds_dns_mode</c> by which names are resolved each time that they are compared.</summary>
    private const int DnsAlways = 2;

    /// <summary>The bit by which the names of the table are resolved anew in the secondary timer.</summary>
    private const int DnsTimer = 4;

    private static readonly string[] Variables = ["hash_pvar", "setid_pvname", "attrs_pvname"];

    private readonly RunningConfig _config = new(client, timeProvider);
    private IReadOnlyList<KamailioProcess> _known = [];

    /// <summary>For the processes that were listed last. <see cref="TableUse.Unknown"/> while they are still being started.</summary>
    public TableUse Current { get; private set; } = TableUse.Unknown;

    /// <summary>Lists Kamailio's processes, and reads its configuration when they are others than before.</summary>
    public async Task<IReadOnlyList<KamailioProcess>> ListProcessesAsync(CancellationToken cancellationToken)
    {
        var processes = await client.ListProcessesAsync(cancellationToken).ConfigureAwait(false);
        if (!processes.SequenceEqual(_known))
        {
            Current = TableUse.Unknown;
            _known = [];
            if (processes.Any(static process => process.IsMainOfAll))
            {
                Current = await _config.ReadAsync(processes, cancellationToken).ConfigureAwait(false) is { } config ? Of(config) : TableUse.Unknown;
                _known = processes;
            }
        }

        return processes;
    }

    /// <summary>What a configuration lets happen.</summary>
    internal static TableUse Of(KamailioConfig config)
    {
        return new TableUse(
            RunsScripts: config.Text.Contains("dispatcher:dst-", StringComparison.OrdinalIgnoreCase)
                || config.Of("dispatcher", "event_callback").Any()
                || Variables.SelectMany(name => config.Of("dispatcher", name)).Any(static parameter => !InMemory().IsMatch(parameter.Value))
                || PrefixOfEachLine().IsMatch(config.Text),
            ResolvesNames: config.Of("dispatcher", "ds_dns_mode").Any(static parameter => ((parameter.Number ?? DnsAlways) & DnsAlways) != 0)
                || Command().IsMatch(config.Text) || OtherLanguage().IsMatch(config.Text),
            LogsOverNetwork: config.Text.Contains("log_custom", StringComparison.Ordinal) || OtherLog().IsMatch(config.Text),
            IsReadInEventRoutes: OtherLanguage().IsMatch(config.Text) || MacroWithCall().IsMatch(config.Text) || new RouteBlocks(config.Text).AnyEventRoute(DispatcherCall().IsMatch))
        {
            SweepsInSecondaryTimer = config.Of("dispatcher", "ds_timer_mode").Any(static parameter => parameter.Number != 0)
                || config.Of("dispatcher", "ds_dns_mode").Any(static parameter => ((parameter.Number ?? DnsTimer) & DnsTimer) != 0),
        };
    }

    /// <summary>Variables that are read and set in memory: of the message, and of scripts.</summary>
    [GeneratedRegex(@"^(?:[^${]|\$(?:ci|f[udU]|t[udU]|r[uUdm]|o[uUd]|s[ip]|pr|ua|au|ad|ct|cs|du)(?![\w(])|\$(?:avp|var|xavp|xavu|xavi|hdr|shv)\([^$()]*\)|\$hdr\([^$()]*\))*$")]
    private static partial Regex InMemory();

    [GeneratedRegex(@"\blog_prefix_mode\s*=\s*(?!0\b)")]
    private static partial Regex PrefixOfEachLine();

    [GeneratedRegex("""\blog_engine_type\s*=\s*(?>"?)(?!json|systemd)""")]
    private static partial Regex OtherLog();

    [GeneratedRegex("""\bloadmodulex?\s*\(?\s*"[^"]*\bapp_""")]
    private static partial Regex OtherLanguage();

    [GeneratedRegex(@"\bds_\w+\s*\(|\bjsonrpc_exec\b")]
    private static partial Regex DispatcherCall();

    /// <summary>RPC commands and reloads in a worker: they resolve the list's names while they read the table that they replace.</summary>
    [GeneratedRegex(@"\b(?:jsonrpc_dispatch|jsonrpc_exec|dispatch_rpc|dispatch_xhttp_rpc|rpc_exec|ds_reload)\b")]
    private static partial Regex Command();

    [GeneratedRegex(@"^\s*[#!]!.*\bds_\w+\s*\(", RegexOptions.Multiline)]
    private static partial Regex MacroWithCall();
}

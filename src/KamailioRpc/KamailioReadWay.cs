using KamailioRpc.Commands;
using KamailioRpc.Errors;

namespace KamailioRpc;

/// <summary>Another way to read the list of the same Kamailio, for one that is too long for the way in use.</summary>
/// <param name="Address">The way found; the one in use where it takes replies of any length; null when there is none.</param>
/// <param name="Reasons">Of each place that was tried before it, why it is not the way.</param>
public sealed record KamailioReadWay(KamailioAddress? Address, IReadOnlyList<string> Reasons)
{
    /// <summary>The option that puts relative names of sockets elsewhere than the usual directories.</summary>
    private const string RunDirectory = "-Y";

    /// <summary>Each that is not Kamailio's costs a time-out.</summary>
    private const int MostFifos = 4;

    /// <summary>
    /// Searches for the FIFO, and then for ctl: beside the socket in use, where Kamailio was told to put them, where they usually are. Only one
    /// behind which the same Kamailio answers is taken. For reading only: two ways for changes are two writers.
    /// </summary>
    /// <param name="client">The way in use; it is asked for Kamailio's identity.</param>
    /// <param name="options">For calls by the other ways.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="KamailioRpcException">The way in use does not answer.</exception>
    public static async Task<KamailioReadWay> FindAsync(IRpcClient client, RpcClientOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        if (client.Address is { ReplyLimit: null, DestinationsOfSetLimit: null })
        {
            return new KamailioReadWay(client.Address, []);
        }

        var identity = await Identity.OfAsync(client, cancellationToken).ConfigureAwait(false);
        var reasons = new List<string>();
        foreach (var candidate in Candidates(client.Address, await RunDirectoryAsync(client, cancellationToken).ConfigureAwait(false)))
        {
            if (await TryAsync(candidate, identity, options, cancellationToken).ConfigureAwait(false) is not { } reason)
            {
                return new KamailioReadWay(candidate, reasons);
            }

            reasons.Add(reason);
        }

        return new KamailioReadWay(null, reasons);
    }

    /// <summary>What takes more than the way in use, the best first.</summary>
    internal static IEnumerable<KamailioAddress> Candidates(KamailioAddress inUse, string? runDirectory)
    {
        var directories = new[] { inUse.Path is { } path ? Path.GetDirectoryName(path) : null, runDirectory }.OfType<string>().Concat(KamailioDiscovery.Directories)
            .Distinct(StringComparer.Ordinal).SelectMany(KamailioDiscovery.Candidates).ToList();
        var besides = new[] { inUse.Path is { } socket ? Path.GetDirectoryName(socket) : null, runDirectory }.OfType<string>().Distinct(StringComparer.Ordinal).SelectMany(Fifos);
        return directories.Where(static way => way.Transport == RpcTransport.Fifo).Concat(besides).DistinctBy(static way => way.Path)
            .Concat(directories.Where(way => way.Protocol == RpcProtocol.BinRpc && inUse.Protocol != RpcProtocol.BinRpc));
    }

    /// <summary>FIFOs of other names in a directory of Kamailio's: whose they are is asked.</summary>
    private static IEnumerable<KamailioAddress> Fifos(string directory)
    {
        try
        {
            return [.. Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal).Where(static file => Posix.StatusAt(file) is { IsFifo: true }).Take(MostFifos)
                .Select(static file => KamailioAddress.TryParse("jsonrpc+fifo:" + file, out var address, out _) ? address : null).OfType<KamailioAddress>()];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <returns>Null when it is the way.</returns>
    private static async Task<string?> TryAsync(KamailioAddress candidate, Identity identity, RpcClientOptions options, CancellationToken cancellationToken)
    {
        await using var client = new RpcClient(candidate, options);
        try
        {
            return (await Identity.OfAsync(client, cancellationToken).ConfigureAwait(false)).Differs(identity) is { } difference
                ? $"{candidate}: another Kamailio answers there: {difference}"
                : null;
        }
        catch (KamailioRpcException exception)
        {
            return exception is KamailioUnreachableException ? exception.Message : $"{candidate}: {exception.Message}";
        }
    }

    private static async Task<string?> RunDirectoryAsync(IRpcClient client, CancellationToken cancellationToken)
    {
        try
        {
            var arguments = await client.ListArgumentsAsync(cancellationToken).ConfigureAwait(false);
            var option = arguments.LastOrDefault(static argument => argument.StartsWith(RunDirectory, StringComparison.Ordinal));
            var directory = option == RunDirectory ? arguments.SkipWhile(static argument => argument != RunDirectory).ElementAtOrDefault(1) : option?[RunDirectory.Length..];
            return directory is ['/', _, ..] ? directory.TrimEnd('/') : null;
        }
        catch (Exception exception) when (exception is KamailioFaultException or KamailioMalformedReplyException)
        {
            return null;
        }
    }

    /// <summary>What tells one Kamailio from another: its processes, when it was started, what it is.</summary>
    private sealed record Identity(string Version, string UpSince, IReadOnlyList<KamailioProcess> Processes)
    {
        /// <summary>Asks the Kamailio behind a client.</summary>
        public static async Task<Identity> OfAsync(IRpcClient client, CancellationToken cancellationToken) => new(
            (await client.InvokeAsync("core.version", [], cancellationToken).ConfigureAwait(false)).ToText(),
            (await client.GetUptimeAsync(cancellationToken).ConfigureAwait(false)).UpSince,
            await client.ListProcessesAsync(cancellationToken).ConfigureAwait(false));

        /// <summary>Null for the same. Right after a start a Kamailio's processes may differ from its own: then ask again later.</summary>
        public string? Differs(Identity other) =>
            Version != other.Version ? $"it is {Version.Trim()}, not {other.Version.Trim()}"
            : UpSince != other.UpSince ? $"it is up since {UpSince}, not since {other.UpSince}"
            : !Processes.SequenceEqual(other.Processes) ? $"its main process is {Main(Processes)}, not {Main(other.Processes)}, or it is still starting"
            : null;

        private static string Main(IReadOnlyList<KamailioProcess> processes) => processes.FirstOrDefault(static process => process.IsMain)?.Pid.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "not told";
    }
}

using KamailioRpc.Commands;
using KamailioRpc.Errors;

namespace KamailioRpc;

/// <summary>Finds a Kamailio where it usually listens.</summary>
public static class KamailioDiscovery
{
    /// <summary>Kamailio's run_dir: Debian's and the project's packages, then what <c>make install</c> sets.</summary>
    public static IReadOnlyList<string> Directories { get; } = ["/run/kamailio", "/var/run/kamailio", "/usr/local/var/run/kamailio"];

    /// <summary>The sockets of a directory, the best first: those that one process serves, request after request, before the FIFO.</summary>
    public static IEnumerable<KamailioAddress> Candidates(string directory) =>
        new[] { $"jsonrpc+unix:{directory}/kamailio_rpc.sock", $"binrpc+unix:{directory}/kamailio_ctl", $"jsonrpc+fifo:{directory}/kamailio_rpc.fifo" }
            .Select(static text => KamailioAddress.TryParse(text, out var address, out _) ? address : null)
            .OfType<KamailioAddress>();

    /// <summary>Asks each candidate for its version.</summary>
    /// <returns>The first that answers, null when none does, and of each before it why not.</returns>
    public static async Task<(KamailioAddress? Address, IReadOnlyList<string> Failures)> FindAsync(
        IEnumerable<KamailioAddress> candidates, RpcClientOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        var failures = new List<string>();
        foreach (var candidate in candidates)
        {
            await using var client = new RpcClient(candidate, options);
            try
            {
                await client.GetVersionAsync(cancellationToken).ConfigureAwait(false);
                return (candidate, failures);
            }
            catch (KamailioRpcException exception)
            {
                failures.Add(exception is KamailioUnreachableException ? exception.Message : $"{candidate}: {exception.Message}");
            }
        }

        return (null, failures);
    }
}

using KamailioRpc;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Doctor.Observations.Sockets;

namespace KamRpcDispatcher.Doctor.Observations.Host;

/// <summary>A socket or FIFO that a configuration opens for RPC.</summary>
/// <param name="Address">By which kamrpc would call it.</param>
/// <param name="Place">Where the configuration says so; null where it is a module's default.</param>
internal sealed record ListeningPlace(KamailioAddress Address, string? Place)
{
    private const int FifoBit = 2;
    private const int DatagramBit = 4;

    /// <summary>The module's default: FIFO and datagrams.</summary>
    private const int DefaultTransport = 6;

    public bool Is(KamailioAddress address) =>
        Address.Protocol == address.Protocol && Address.Transport == address.Transport && Path(Address.Path) == Path(address.Path);

    /// <summary>What has a path, the best first.</summary>
    public static IReadOnlyList<ListeningPlace> Of(KamailioConfig config, CommandLine commandLine)
    {
        var directory = commandLine.RunDirectory ?? SocketFinder.RunDirectory;
        var places = new List<ListeningPlace>();
        if (config.Modules.Contains("jsonrpcs"))
        {
            var transport = config.Of("jsonrpcs", "transport").LastOrDefault()?.Number ?? DefaultTransport;
            Add("jsonrpc+unix:", DatagramBit, "dgram_socket", "kamailio_rpc.sock");
            Add("jsonrpc+fifo:", FifoBit, "fifo_name", "kamailio_rpc.fifo");

            void Add(string scheme, int bit, string parameter, string name)
            {
                if (transport == 0 || (transport & bit) != 0)
                {
                    places.AddRange(Read(scheme, directory, config.Of("jsonrpcs", parameter).LastOrDefault(), name));
                }
            }
        }

        if (config.Modules.Contains("ctl"))
        {
            // Each line is one more; none is the default.
            places.AddRange(config.Of("ctl", "binrpc").DefaultIfEmpty().SelectMany(line => Read("binrpc+unix:", SocketFinder.WorkingDirectory, line, System.IO.Path.Combine(directory, "kamailio_ctl"))));
        }

        return places;
    }

    private static IEnumerable<ListeningPlace> Read(string scheme, string directory, ModuleParameter? line, string name)
    {
        var value = line?.Value ?? name;
        var colon = value.StartsWith('/') ? -1 : value.IndexOf(':', StringComparison.Ordinal);
        var kind = colon > 0 ? value[..colon] : "unix";
        if (kind is "unix" or "unixs" or "unixd"
            && KamailioAddress.TryParse((kind == "unixd" && scheme == "binrpc+unix:" ? "binrpc+unixd:" : scheme) + System.IO.Path.Combine(directory, value[(colon + 1)..]), out var address, out _))
        {
            yield return new ListeningPlace(address, line?.Place);
        }
    }

    /// <summary>One directory by two names, everywhere.</summary>
    private static string? Path(string? path) => path?.StartsWith("/var/run/", StringComparison.Ordinal) == true ? path["/var".Length..] : path;
}

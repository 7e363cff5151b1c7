using System.Text.Json;
using KamailioRpc.Errors;

namespace KamailioRpc.Commands;

/// <summary>Where Kamailio listens, and what it resolves: what has to be known before a destination is added.</summary>
public static class CoreCommands
{
    private const int NotFound = 400;

    extension(IRpcClient client)
    {
        /// <summary><c>core.sockets_list</c>: where Kamailio listens, an entry for each address.</summary>
        public async Task<IReadOnlyList<KamailioSocket>> ListSocketsAsync(CancellationToken cancellationToken)
        {
            var sockets = new List<KamailioSocket>();
            Collect((await client.InvokeAsync("core.sockets_list", [], cancellationToken).ConfigureAwait(false)).ToElement(), sockets);
            return sockets;
        }

        /// <summary>
        /// <c>dns.lookup</c>: whether Kamailio finds an address for a name, in its cache or by asking, with the resolver of the worker that
        /// answers, which waits for it. Null where Kamailio has no DNS cache that could be asked.
        /// </summary>
        public async Task<bool?> ResolvesAsync(string name, CancellationToken cancellationToken)
        {
            foreach (var type in (string[])["A", "AAAA"])
            {
                try
                {
                    await client.InvokeAsync("dns.lookup", [type, name], cancellationToken).ConfigureAwait(false);
                    return true;
                }
                catch (KamailioFaultException fault) when (fault.Code == NotFound)
                {
                    // Not of this type.
                }
                catch (KamailioFaultException)
                {
                    return null;
                }
            }

            return false;
        }
    }

    /// <summary>The shape differs between the protocols and a socket may have several addresses, each under the same key.</summary>
    private static void Collect(JsonElement element, List<KamailioSocket> sockets)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var entry in element.EnumerateArray())
            {
                Collect(entry, sockets);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in element.EnumerateObject())
            {
                Collect(property.Value, sockets);
            }

            var protocol = Text(element, "proto");
            var port = Text(element, "port");
            foreach (var property in element.EnumerateObject().Where(static property => property.Name is "address" or "ipaddress"))
            {
                if (protocol is not null && property.Value.ValueKind == JsonValueKind.String && property.Value.GetString() is { } address)
                {
                    sockets.Add(new KamailioSocket(protocol, address, int.TryParse(port, out var number) ? number : 0));
                }
            }
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? value.ToString() : null;
}

/// <summary>An address on which Kamailio listens.</summary>
/// <param name="Protocol">Such as <c>udp</c>.</param>
/// <param name="Address">The address, or the name that stands in its config.</param>
/// <param name="Port">The port, 0 where it does not tell.</param>
public sealed record KamailioSocket(string Protocol, string Address, int Port)
{
    /// <summary>As Kamailio writes it: <c>udp:127.0.0.1:5060</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Protocol}:{(Address.Contains(':', StringComparison.Ordinal) ? $"[{Address.Trim('[', ']')}]" : Address)}:{Port}");
}

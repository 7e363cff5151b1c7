using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using KamailioRpc;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>The host names in URIs, and whether they resolve to addresses now.</summary>
internal static partial class HostLookup
{
    /// <summary>Kamailio's own resolver tries for longer, and nobody else is served meanwhile.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>More are not asked: a DNS that is silent would be waited for too often.</summary>
    private const int Most = 32;

    /// <summary>The host of whatever URI, when it is a name: an operator's may have a user and parameters, which <c>SipUri</c> does not take.</summary>
    public static string? Name(string uri) =>
        Host().Match(uri) is { Success: true } match && !IPAddress.TryParse(match.Groups[1].Value, out _) ? match.Groups[1].Value : null;

    /// <returns>The names that have no address now.</returns>
    public static async Task<IReadOnlySet<string>> UnresolvedAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var asked = names.Distinct(StringComparer.OrdinalIgnoreCase).Take(Most).ToList();
        var found = await Task.WhenAll(asked.Select(name => AskAsync(name, cancellationToken))).ConfigureAwait(false);
        return asked.Where((_, index) => found[index].Count == 0).ToHashSet(StringComparer.OrdinalIgnoreCase);
    }

    /// <returns>The addresses of those names that have any now.</returns>
    public static async Task<IReadOnlyDictionary<string, IReadOnlyList<IPAddress>>> AddressesAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var asked = names.Distinct(StringComparer.OrdinalIgnoreCase).Take(Most).ToList();
        var found = await Task.WhenAll(asked.Select(name => AskAsync(name, cancellationToken))).ConfigureAwait(false);
        return asked.Zip(found).Where(static pair => pair.Second.Count > 0).ToDictionary(static pair => pair.First, static pair => pair.Second, StringComparer.OrdinalIgnoreCase);
    }

    private static async Task<IReadOnlyList<IPAddress>> AskAsync(string name, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        try
        {
            return await NameResolver.Shared.AskAsync(name, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return [];
        }
    }

    [GeneratedRegex(@"^sips?:(?:[^@]*@)?(\[[^\]]*\]|[^:;?]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Host();
}

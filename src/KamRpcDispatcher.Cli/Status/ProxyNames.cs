namespace KamRpcDispatcher.Cli.Status;

/// <summary>Proxies in a sentence.</summary>
internal static class ProxyNames
{
    /// <summary>As many are named, and the others counted.</summary>
    public const int Most = 3;

    /// <summary><c>p1, p2, p3 and 4 more</c>: each once, however often something is said of it.</summary>
    public static string Of(IEnumerable<ProxyLens> proxies) => Of([.. proxies.Distinct().Select(static lens => lens.Name)]);

    /// <summary>The same of names.</summary>
    public static string Of(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(Most)) + (names.Count > Most ? FormattableString.Invariant($" and {names.Count - Most} more") : string.Empty);
}

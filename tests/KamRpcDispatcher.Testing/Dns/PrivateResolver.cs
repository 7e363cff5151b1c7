namespace KamRpcDispatcher.Testing;

/// <summary>
/// Starts a program that sees another /etc/resolv.conf, in a mount namespace of its own: nobody else sees it. It takes root.
/// </summary>
public static class PrivateResolver
{
    private const string Script = """
        file=$1 root=$2
        shift 2
        for place in /etc/resolv.conf ${root:+"$root/etc/resolv.conf"}; do
            [ -e "$place" ] || : > "$place"
            mount --bind "$file" "$place"
        done
        exec "$@"
        """;

    /// <summary>What to start in place of the program; it takes its place, with the same process id.</summary>
    /// <param name="resolverFile">The resolv.conf, null for the machine's.</param>
    /// <param name="root">A folder with a system of its own that the program is run in, null for none.</param>
    /// <param name="program">Found on PATH.</param>
    /// <param name="arguments">Passed as they are.</param>
    public static (string Program, IReadOnlyList<string> Arguments) Around(string? resolverFile, string? root, string program, IReadOnlyList<string> arguments) =>
        resolverFile is null
            ? (program, arguments)
            : ("unshare", ["--mount", "sh", "-euc", Script, "sh", resolverFile, root ?? string.Empty, RealServers.Find(program), .. arguments]);
}

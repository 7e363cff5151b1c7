namespace KamRpcDispatcher.Testing;

/// <summary>Which Kamailio is run: the installed one, or that of another release, in a folder with a system of its own.</summary>
public static class KamailioProgram
{
    /// <summary>Environment variable that names such a folder; tests/matrix/make.sh makes them.</summary>
    public const string RootVariable = "KAMRPC_TEST_KAMAILIO_ROOT";

    /// <summary>Whether there is one to run.</summary>
    internal static bool IsThere => Root is { } root ? File.Exists(In(root)) : RealServers.IsInstalled("kamailio");

    private static string? Root => Environment.GetEnvironmentVariable(RootVariable) is { Length: > 0 } root ? root : null;

    private static string Starter => Path.Combine(RealServers.RepositoryRoot, "tests", "matrix", "kamailio.sh");

    /// <summary>What to start so that Kamailio gets the arguments. It takes the place of what is started, with the same process id.</summary>
    /// <exception cref="FileNotFoundException">The folder that the environment names has no Kamailio.</exception>
    public static (string Program, IReadOnlyList<string> Arguments) With(params IReadOnlyList<string> arguments) =>
        Root is not { } root ? ("kamailio", arguments)
        : File.Exists(In(root)) ? (Starter, [root, .. arguments])
        : throw new FileNotFoundException($"{RootVariable} is {root}, which has no Kamailio: there is no {In(root)}", In(root));

    private static string In(string root) => Path.Combine(root, "usr", "sbin", "kamailio");
}

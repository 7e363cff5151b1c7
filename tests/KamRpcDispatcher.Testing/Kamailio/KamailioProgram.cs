namespace KamRpcDispatcher.Testing;

/// <summary>Which Kamailio is run: the installed one, or that of another release, in a folder with a system of its own.</summary>
public static class KamailioProgram
{
    /// <summary>Environment variable that names such a folder.</summary>
    public const string RootVariable = "KAMRPC_TEST_KAMAILIO_ROOT";

    private static readonly FolderProgram InFolder = new("Kamailio", RootVariable);

    /// <summary>Whether there is one to run.</summary>
    internal static bool IsThere => InFolder.Root is null ? RealServers.IsInstalled("kamailio") : InFolder.IsThere;

    /// <summary>What to start so that Kamailio gets the arguments. It takes the place of what is started, with the same process id.</summary>
    /// <exception cref="FileNotFoundException">It is not installed, or the folder that the environment names has none.</exception>
    public static (string Program, IReadOnlyList<string> Arguments) With(params IReadOnlyList<string> arguments) =>
        InFolder.Root is null ? (RealServers.Find("kamailio"), arguments) : InFolder.With(arguments);
}

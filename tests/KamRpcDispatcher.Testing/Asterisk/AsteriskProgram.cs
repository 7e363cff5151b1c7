namespace KamRpcDispatcher.Testing;

/// <summary>The Asterisk that is run: always one in a folder with a system of its own, which tests/run.sh --asterisk makes.</summary>
public static class AsteriskProgram
{
    /// <summary>Environment variable that names the folder.</summary>
    public const string RootVariable = "KAMRPC_TEST_ASTERISK_ROOT";

    private static readonly FolderProgram InFolder = new("Asterisk", RootVariable);

    /// <summary>Skips the running test, of category "Asterisk", when there is none; with CI=true it fails instead.</summary>
    public static void Require()
    {
        if (InFolder.Root is null)
        {
            RealServers.Lack($"{RootVariable} names no folder with an Asterisk (tests/run.sh --asterisk makes one)");
        }
    }

    /// <exception cref="FileNotFoundException">The folder has no Asterisk.</exception>
    internal static (string Program, IReadOnlyList<string> Arguments) With(params IReadOnlyList<string> arguments) => InFolder.With(arguments);
}

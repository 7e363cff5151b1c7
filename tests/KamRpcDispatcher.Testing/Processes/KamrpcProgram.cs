namespace KamRpcDispatcher.Testing;

/// <summary>kamrpc as the tests start it: the native program where there is one, as tests/run.sh publishes it, else the one built with the tests, by the .NET runtime.</summary>
public static class KamrpcProgram
{
    /// <summary>Environment variable with the path of a native program.</summary>
    private const string Variable = "KAMRPC_TEST_PROGRAM";

    /// <summary>The program and its first arguments.</summary>
    public static IReadOnlyList<string> Command { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } native
        ? [native]
        : ["dotnet", Path.Combine(AppContext.BaseDirectory, "kamrpc.dll")];

    /// <summary>What is started.</summary>
    public static string File => Command[0];

    /// <summary>What an installation is a copy of: the native program, or all files in the folder of the other one.</summary>
    public static string Installed => Command.Count == 1
        ? File
        : Path.Combine(RealServers.RepositoryRoot, "src", "KamRpcDispatcher.Cli", "bin", AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug", "net10.0", ".");

    /// <summary>What stands before the arguments of kamrpc.</summary>
    public static IEnumerable<string> Prefix => Command.Skip(1);
}

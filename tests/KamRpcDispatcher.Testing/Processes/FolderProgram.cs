namespace KamRpcDispatcher.Testing;

/// <summary>A server of another Debian release, in a folder with a system of its own; tests/matrix/make.sh makes them.</summary>
/// <param name="Name">Of the program, such as "Kamailio".</param>
/// <param name="RootVariable">The environment variable that names the folder.</param>
internal sealed record FolderProgram(string Name, string RootVariable)
{
    private const string Directory = "/usr/sbin/";

    /// <summary>The folder, null when the environment names none.</summary>
    public string? Root => Environment.GetEnvironmentVariable(RootVariable) is { Length: > 0 } root ? root : null;

    public bool IsThere => File.Exists(Outside);

    private static string Starter => Path.Combine(RealServers.RepositoryRoot, "tests", "matrix", "enter.sh");

    private string Inside => Directory + Name.ToLowerInvariant();

    private string Outside => Root + Inside;

    /// <summary>What to start so that it gets the arguments. It takes the place of what is started, with the same process id.</summary>
    /// <exception cref="FileNotFoundException">The folder has no such program.</exception>
    public (string Program, IReadOnlyList<string> Arguments) With(IReadOnlyList<string> arguments) =>
        Root is { } root && IsThere
            ? (Starter, [root, Inside, .. arguments])
            : throw new FileNotFoundException($"{RootVariable} is {Root}, which has no {Name}: there is no {Outside}", Outside);
}

using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Fleets;

/// <summary>
/// Debian's own <c>kamailio.cfg</c> in a folder of its own, with the snippet and the list that <c>kamrpc cfg</c> installs beside it. For a test alone these
/// are different, all of them outside of the file: it is included by one that says where Kamailio listens (its own says nothing, which is every address), and
/// where the socket, the FIFO and the list are (the defines of the snippet); and it asks no name server for the names of this host, by the file that it imports for what is local.
/// </summary>
internal sealed class StockConfig : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private StockConfig()
    {
    }

    /// <summary>The file as Debian ships it: of the release under test.</summary>
    private static string Original => Environment.GetEnvironmentVariable(KamailioProgram.RootVariable) + "/etc/kamailio/kamailio.cfg";

    public string Path => _folder.File("kamailio.cfg");

    /// <summary>With which a Kamailio is started that includes it.</summary>
    public KamailioOptions Options(string extra = "") => new() { ConfigFile = Path, ExtraConfig = $"{extra}\nlisten=KAMRPC_LISTEN\nchildren=KAMRPC_WORKERS" };

    /// <summary>The config as it is, with the files beside it.</summary>
    public static async Task<StockConfig> CopyAsync()
    {
        RealServers.Require("kamailio", "patch");
        RealServers.RequireFile(Original);
        var config = new StockConfig();
        File.WriteAllText(config.Path, File.ReadAllText(Original));
        File.WriteAllText(config._folder.File("kamailio-local.cfg"), "auto_aliases=no\n");
        await DoneAsync("--write", config._folder.Path);
        return config;
    }

    /// <summary>With what <c>kamrpc cfg --stock</c> prints, as the documents say it is put in.</summary>
    public static async Task<StockConfig> PatchedAsync()
    {
        var config = await CopyAsync();
        await Tool.RunAsync("patch", ["--backup", config.Path], await DoneAsync("--stock"));
        return config;
    }

    /// <summary>Replaces a text that stands there once.</summary>
    public void Replace(string old, string text)
    {
        var whole = File.ReadAllText(Path);
        if (whole.Split(old).Length != 2)
        {
            throw new InvalidOperationException($"'{old}' does not stand once in {Path}.");
        }

        File.WriteAllText(Path, whole.Replace(old, text, StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<string> DoneAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await Kamrpc.RunAsync(["cfg", .. arguments]);
        return exitCode == 0 ? output : throw new InvalidOperationException($"kamrpc cfg {string.Join(' ', arguments)} ended with {exitCode}: {errors}");
    }
}

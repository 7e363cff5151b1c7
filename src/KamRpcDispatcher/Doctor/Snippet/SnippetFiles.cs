using System.Text;

namespace KamRpcDispatcher.Doctor.Snippet;

/// <summary>The files of <c>kamailio-cfg</c> that Kamailio needs, as they were when this program was built.</summary>
public static class SnippetFiles
{
    /// <summary>The name of the snippet's file.</summary>
    public const string SnippetName = "kamrpc-dispatcher.cfg";

    /// <summary>The name of the list that Kamailio loads at start.</summary>
    public const string ListName = "kamrpc-dispatcher.list";

    private const string StockName = "debian-stock.diff";

    /// <summary>The snippet.</summary>
    public static string Snippet { get; } = Read(SnippetName);

    /// <summary>The list, which names no destination.</summary>
    public static string List { get; } = Read(ListName);

    /// <summary>What makes Debian's own <c>kamailio.cfg</c> use the snippet, for <c>patch</c>.</summary>
    public static string StockDiff { get; } = Read(StockName);

    private static string Read(string name)
    {
        using var stream = typeof(SnippetFiles).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not in the program");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}

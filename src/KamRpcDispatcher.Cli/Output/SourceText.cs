using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Output;

/// <summary>What is said of a place that members come from, and that cannot be read.</summary>
internal static class SourceText
{
    private const string File = "file:";
    private const string Kubernetes = "kubernetes:";
    private const int LongestName = 200;
    private const int LongestReason = 400;

    /// <summary>Whether members come from a file, by the name of where they come from.</summary>
    public static bool IsFile(string name) => name.StartsWith(File, StringComparison.Ordinal);

    /// <summary>Whether they are endpoints of a Service, likewise.</summary>
    public static bool IsKubernetes(string name) => name.StartsWith(Kubernetes, StringComparison.Ordinal);

    /// <summary><c>file:/etc/kamrpc/members.json cannot be read, for 8s; its members stay as they were: ...</c>, safe to print.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="since">Since when.</param>
    /// <param name="reason">Why not; null where nobody says.</param>
    /// <param name="now">The time.</param>
    /// <param name="isUntold">Whether no source has told any members yet.</param>
    public static string Away(string name, DateTimeOffset since, string? reason, DateTimeOffset now, bool isUntold = false) =>
        $"{SafeText.Shorten(name, LongestName)} cannot be read, for {Ages.Show(now - since)}; {(isUntold ? "nobody is changed until it has told its members" : "its members stay as they were")}{(string.IsNullOrEmpty(reason) ? string.Empty : $": {SafeText.Shorten(reason, LongestReason)}")}";
}

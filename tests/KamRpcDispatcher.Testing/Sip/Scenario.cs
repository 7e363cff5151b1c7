using System.Globalization;

namespace KamRpcDispatcher.Testing;

/// <summary>The SIPp scenarios of this project.</summary>
internal static class Scenario
{
    /// <summary>SIPp's own 64 KiB overflow when a busy machine holds it up for a moment, and what is lost there says nothing of the proxy.</summary>
    public const string SocketBuffer = "1048576";

    private const string Pause = "<pause/>";

    /// <param name="folder">Where to.</param>
    /// <param name="name">Of the embedded file.</param>
    /// <param name="pause">How long its pause is, at least and at most; null for as long as the command line says.</param>
    /// <returns>The path of the file.</returns>
    public static string WriteTo(TemporaryFolder folder, string name, (TimeSpan Least, TimeSpan Most)? pause = null)
    {
        var path = folder.File(name);
        using var resource = new StreamReader(typeof(Scenario).Assembly.GetManifestResourceStream(name)!);
        var text = resource.ReadToEnd();
        File.WriteAllText(path, pause is var (least, most)
            ? text.Replace(Pause, string.Create(CultureInfo.InvariantCulture, $"<pause distribution=\"uniform\" min=\"{least.TotalMilliseconds}\" max=\"{most.TotalMilliseconds}\"/>"), StringComparison.Ordinal)
            : text);
        return path;
    }
}

namespace KamRpcDispatcher.Destinations;

/// <summary>Text of others, made fit for a message.</summary>
public static class SafeText
{
    /// <summary>Shortens untrusted text and makes it safe to print on one line.</summary>
    public static string Shorten(string text, int longest = 64)
    {
        var safe = string.Concat(text.Take(longest).Select(static c => c is >= ' ' and <= '~' ? c.ToString() : $"\\u{(int)c:x4}"));
        return text.Length > longest ? safe + "..." : safe;
    }
}

using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Operate;

/// <summary>Whose a wish is, in words that are safe to print.</summary>
public static class IntentOrigin
{
    private const int LongestBy = 64;

    /// <summary><c>by tom@h1 since 2026-01-31T12:00:00Z (kernel update)</c>.</summary>
    /// <param name="intent">The wish.</param>
    /// <param name="withTime">Whether since when is told too.</param>
    public static string Of(Intent intent, bool withTime = true)
    {
        ArgumentNullException.ThrowIfNull(intent);
        var by = intent.By.Length > 0 ? SafeText.Shorten(intent.By, LongestBy) : "somebody";
        var since = withTime && intent.At is { } at ? string.Create(CultureInfo.InvariantCulture, $" since {at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}") : string.Empty;
        var declared = intent.Owner is { } owner ? $", declared by {SafeText.Shorten(owner, LongestBy)}" : string.Empty;
        return $"by {by}{since}{declared}{(string.IsNullOrEmpty(intent.Reason) ? string.Empty : $" ({SafeText.Shorten(intent.Reason, MemberValidation.MaxReasonLength)})")}";
    }
}

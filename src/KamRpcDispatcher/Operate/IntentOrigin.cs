using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Operate;

/// <summary>Whose a wish is, in words that are safe to print.</summary>
public static class IntentOrigin
{
    /// <summary>Behind the command that takes a drain back: who reads it may be another one than who gave the drain, whose command is refused then.</summary>
    public const string Forced = ", with --force where it is somebody else's";

    private const int LongestBy = 64;

    /// <summary>Who asks, where that is not whose the wish is: <c>olga@h2</c>.</summary>
    /// <param name="intent">The wish.</param>
    /// <param name="by">Who asks.</param>
    /// <remarks>One user of two machines may be two people, as root is: so that counts as another one, and it is said what makes them one.</remarks>
    public static string Another(Intent intent, string by)
    {
        ArgumentNullException.ThrowIfNull(intent);
        ArgumentNullException.ThrowIfNull(by);
        var isSameUser = UserOf(by) is { } user && user == UserOf(intent.By);
        return SafeText.Shorten(by, LongestBy) + (isSameUser ? "; the same user of another machine counts as somebody else, unless both say who they are with one --as" : string.Empty);
    }

    /// <summary><c>by tom@h1 since 2026-01-31T12:00:00Z (kernel update)</c>.</summary>
    /// <param name="intent">The wish.</param>
    /// <param name="withTime">Whether since when is told too.</param>
    public static string Of(Intent intent, bool withTime = true)
    {
        ArgumentNullException.ThrowIfNull(intent);
        var by = intent.By.Length > 0 ? SafeText.Shorten(intent.By, LongestBy) : "somebody";
        var since = withTime && intent.At is { } at ? string.Create(CultureInfo.InvariantCulture, $" since {at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}") : string.Empty;
        var declared = intent is { Owner: { } owner, IsOfRolling: false } ? $", declared by {SafeText.Shorten(owner, LongestBy)}" : string.Empty;
        return $"by {by}{since}{declared}{(string.IsNullOrEmpty(intent.Reason) ? string.Empty : $" ({SafeText.Shorten(intent.Reason, MemberValidation.MaxReasonLength)})")}";
    }

    /// <summary>The user of <c>user@host</c>; null where it is not that.</summary>
    private static string? UserOf(string by) => by.LastIndexOf('@') is var at and > 0 ? by[..at] : null;
}

using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>How the values of the options of <c>kamrpc dispatch</c> are read.</summary>
internal static class DispatchValues
{
    public static bool Burst(string text, out int value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Integer(text, 0, 1_000_000, out value, out error);

    public static bool Grace(string text, out GraceMode value, [NotNullWhen(false)] out string? error)
    {
        GraceMode? mode = text switch
        {
            "auto" => GraceMode.Auto,
            "fixed" => GraceMode.Fixed,
            "none" => GraceMode.None,
            _ => null,
        };
        value = mode ?? default;
        error = mode is null ? $"'{text}' is not auto, fixed or none" : null;
        return error is null;
    }

    public static bool Share(string text, out ShareWay value, [NotNullWhen(false)] out string? error)
    {
        ShareWay? way = text switch
        {
            "map" => ShareWay.Map,
            "attributes" => ShareWay.Attributes,
            "percent" => ShareWay.Percent,
            _ => null,
        };
        value = way ?? default;
        error = way is null ? $"'{text}' is not map, percent or attributes" : null;
        return error is null;
    }

    /// <summary>With a sign or without: there is nothing else that it could be.</summary>
    public static bool ZoneMin(string text, out int value, [NotNullWhen(false)] out string? error)
    {
        var isRead = Percentage(text.EndsWith('%') ? text[..^1] : text, out value, out _);
        error = isRead ? null : $"'{text}' is not a percentage from 0% to 100%";
        return isRead;
    }

    public static bool ReadWay(string text, [NotNullWhen(true)] out ReadWayOption? value, [NotNullWhen(false)] out string? error)
    {
        error = null;
        value = text switch
        {
            "auto" => ReadWayOption.Auto,
            "none" => ReadWayOption.None,
            _ => KamailioAddressText.TryParse(text, out var address, out error) ? ReadWayOption.Of(address) : null,
        };
        error = value is not null ? null : error!.EndsWith('?') ? error : $"{error}; or auto, or none";
        return value is not null;
    }

    public static bool RemovalDelay(string text, out TimeSpan value, [NotNullWhen(false)] out string? error)
    {
        if (text == "never")
        {
            (value, error) = (Timeout.InfiniteTimeSpan, null);
            return true;
        }

        if (Delay(text, out value, out error))
        {
            return true;
        }

        error += ", or never";
        return false;
    }

    public static bool Order(string text, out DestinationOrder value, [NotNullWhen(false)] out string? error)
    {
        value = text == "plain" ? DestinationOrder.Plain : DestinationOrder.Priority;
        error = text is "plain" or "priority" ? null : $"'{text}' is not priority or plain";
        return error is null;
    }

    public static bool Admission(string text, out bool value, [NotNullWhen(false)] out string? error)
    {
        value = text == "probed";
        error = value || text == "immediate" ? null : $"'{text}' is not immediate or probed";
        return error is null;
    }

    public static bool Percentage(string text, out int value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Integer(text, 0, 100, out value, out error);

    public static bool Delay(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Duration(text, TimeSpan.Zero, TimeSpan.FromHours(12), out value, out error);

    /// <summary>Gaps of 20 ms have crashed Kamailio under load.</summary>
    public static bool Gap(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Duration(text, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1), out value, out error);
}

using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>Whether a member gets calls.</summary>
internal enum CallState
{
    Unknown,
    None,

    /// <summary>Only those that fail over from others.</summary>
    FailOver,

    /// <summary>From some proxies, and from others not.</summary>
    Some,
    All,
}

/// <summary>How one proxy sees a member.</summary>
/// <param name="Lens">The proxy.</param>
/// <param name="Calls">Whether it gets calls there.</param>
/// <param name="IsAsItShouldBe">Whether that is known, and is what its record and an operator wish.</param>
/// <param name="IsAcknowledged">Whether the proxy has done what these wish; null where it does not tell.</param>
/// <param name="Deviation">What the report says of it, if it says something.</param>
/// <param name="Text">In words.</param>
internal sealed record MemberView(ProxyLens Lens, CallState Calls, bool IsAsItShouldBe, bool? IsAcknowledged, Deviation? Deviation, string Text)
{
    /// <summary>Whether it has as many calls there as it takes, as everybody of its set.</summary>
    public bool IsFull { get; private init; }

    /// <summary>What makes it so: what is the same here stands for several proxies, for as long as it may last at each.</summary>
    public string Cause => Lens.KindOfDoubt is { } doubt ? $"?{doubt}"
        : Deviation is { } deviation ? $"{Calls}/{deviation.Kind}/{deviation.Flags}/{deviation.Reason}"
        : $"{Calls}/{IsFull}/{Text}";

    public static MemberView Of(MemberCalls member, ProxyLens lens, DateTimeOffset now)
    {
        if (lens.WhyUnknown is { } doubt)
        {
            return new MemberView(lens, CallState.Unknown, IsAsItShouldBe: false, Acknowledged(member, lens), null, doubt);
        }

        if (member.Announced is not { } announced)
        {
            var left = member.Remarks.FirstOrDefault(remark => remark.Lens == lens).Deviation;
            return left is null && !lens.HasForgotten
                ? new MemberView(lens, CallState.Unknown, IsAsItShouldBe: false, null, null, MemberText.Silence(member, lens))
                : left is null
                ? new MemberView(lens, CallState.None, IsAsItShouldBe: true, null, null, "is not in Kamailio's list any more")
                : new MemberView(lens, ProxyLens.CallsOf(left), ProxyLens.CallsOf(left) == (left.Kind == DeviationKind.Held ? CallState.All : CallState.None), null, left, "it " + DeviationText.Of(left, now));
        }

        var calls = lens.CallsOf(announced, out var deviation);
        var isFull = calls == CallState.All && member.IsReady && lens.FullOf(member.Key.Set) is not null;

        // Zones, and very small weights, are as somebody wishes them; percentages of more than there is are not.
        var isAsItShouldBe = (calls == (member.IsReady ? CallState.All : CallState.None) && !isFull) || (calls == CallState.FailOver && lens.UnsharedOf(announced)?.Why != FailOverOnly.Percentages);
        var isDeaf = calls == CallState.All && deviation is null && member.IsDrained;
        var text = isDeaf ? $"it gets calls all the same: this proxy {IntentText.NotFollowed}"
            : isFull ? "it is full, as every routable destination of its set is (algorithm 10), until one of its calls ends"
            : deviation is not null ? "it " + DeviationText.Of(deviation, now)
            : calls == CallState.FailOver ? $"it {MemberText.FailOver(lens, announced)}"
            : calls == CallState.All && MemberText.Starting(lens, member.Key) is { } start ? $"it gets calls, and {start}"
            : calls == CallState.All ? "it is in Kamailio's list and gets calls"
            : calls == CallState.None && member.IsReady ? "nobody of its set gets calls there; the report has no room for the reason of each"
            : calls == CallState.None ? member.IsDrained ? "it gets no calls, as an operator wishes" : announced.IsIdle ? "it gets no calls, as the split of its set says" : "it gets no calls, as its record says"
            : MemberText.Silence(member, lens);
        return new MemberView(lens, calls, isAsItShouldBe, Acknowledged(member, lens), deviation, text) { IsFull = isFull };
    }

    /// <summary>A member that is to get no calls is acknowledged as soon as it is silenced, whatever is still to be added.</summary>
    private static bool? Acknowledged(MemberCalls member, ProxyLens lens) => member.Announced is not { } announced || lens.Status is not { } status ? null
        : member.IsReady ? status.Revision >= announced.ModRevision && lens.HasApplied(announced)
        : lens.HasSilenced(announced);
}

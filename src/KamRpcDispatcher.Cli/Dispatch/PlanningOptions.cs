using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Cli.Dispatch;

/// <summary>The options by which a dispatcher decides what is to be changed: of the daemon, and of who asks what it would do.</summary>
internal static class PlanningOptions
{
    private static readonly ValueOption<ReadWayOption> KamailioRead = new("--kamailio-read", "Another way to it, for lists longer than 128 KiB: an address, auto (the FIFO or ctl's socket), none.", "auto", DispatchValues.ReadWay, OptionGroup.Kamailio, "auto", "none") { Kind = ValueKind.File };
    private static readonly Option<string[]> Set = CommonOptions.Texts("--set", "A set to manage (repeatable). [default: every set]", OptionGroup.Subject);
    private static readonly ValueOption<TimeSpan> RemovalDelay = new("--removal-delay", "How long a destination stays disabled in the list after its member left, or never: it stays.", "30s", DispatchValues.RemovalDelay, OptionGroup.Timing, "never");
    private static readonly ValueOption<DestinationOrder> Order = new("--order", "The order in Kamailio: priority (stays as it is), plain (for algorithms 13, 14 and 15).", "priority", DispatchValues.Order, OptionGroup.Subject, "priority", "plain");
    private static readonly ValueOption<ShareWay> Share = new("--share", "How weights reach Kamailio: map (whatever the algorithm), percent (as map, of 100), attributes (for algorithms 9 and 11).", "map", DispatchValues.Share, OptionGroup.Subject, "map", "percent", "attributes");
    private static readonly Option<string?> Zone = CommonOptions.Text("--zone", "Prefers the members with the label zone=NAME; the others when too few of them get calls.", OptionGroup.Subject);
    private static readonly ValueOption<int> ZoneMin = new("--zone-min", "With --zone: below which percentage of its members that get calls the others get some too.", $"{ZonePreference.DefaultMinRoutable}%", DispatchValues.ZoneMin, OptionGroup.Subject);
    private static readonly ValueOption<bool> Admission = new("--admission", "When a new member gets calls: immediate, or probed (after Kamailio's own first good OPTIONS reply).", "immediate", DispatchValues.Admission, OptionGroup.Subject, "immediate", "probed");
    private static readonly ValueOption<int> PanicThreshold = new("--panic-threshold", "The percentage of a set that mass expiry cannot take away; 0 protects nothing.", "50", DispatchValues.Percentage, OptionGroup.Subject);
    private static readonly ValueOption<TimeSpan> PanicWindow = new("--panic-window", "Members that go within it count as one event.", "10s", DispatchValues.Delay, OptionGroup.Timing);
    private static readonly ValueOption<TimeSpan> PanicHold = new("--panic-hold", "How long members that went are kept in a panic.", "10m", DispatchValues.Delay, OptionGroup.Timing);
    private static readonly Option<string[]> AllowAttr = CommonOptions.Texts("--allow-attr", "An attribute that members may bring (repeatable), or none. [default: every attribute]", OptionGroup.Subject, "none");

    public static void AddTo(Command command) => CommonOptions.Add(command, KamailioRead, Set, RemovalDelay, Order, Share, Zone, ZoneMin, Admission, PanicThreshold, PanicWindow, PanicHold, AllowAttr);

    /// <summary>What is given; nobody uses it where an option is wrong.</summary>
    public static Planning Read(OptionReader options) => new(
        options.Value(KamailioRead)!,
        CommonOptions.Sets(options, Set, areForMembers: true),
        options.Value(RemovalDelay),
        options.Value(Order),
        options.Value(Share),
        ReadZone(options),
        options.Value(Admission),
        new PanicOptions { Threshold = options.Value(PanicThreshold), Window = options.Value(PanicWindow), Hold = options.Value(PanicHold) },
        ReadAllowed(options));

    private static ZonePreference? ReadZone(OptionReader options)
    {
        var least = options.Value(ZoneMin);
        var zone = options.Value<string>(Zone, null, static (string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error) => CommonOptions.Checked(text, MemberValidation.CheckZone, out value, out error));
        if (options.Text(Zone) is null && options.Text(ZoneMin) is not null && !options.IsVariable(ZoneMin))
        {
            options.Add(ZoneMin, $"goes with {Zone.Name}, which is not given");
        }

        return zone is null ? null : new ZonePreference(zone, least);
    }

    private static HashSet<string>? ReadAllowed(OptionReader options)
    {
        string[] names = [.. options.Texts(AllowAttr).SelectMany(static text => text.Split(','))];
        foreach (var wrong in names.Select(MemberValidation.CheckAttributeName).OfType<string>())
        {
            options.Add(AllowAttr, wrong);
        }

        if (names.Length > 1 && names.Contains("none"))
        {
            options.Add(AllowAttr, "none and names exclude each other");
        }

        return names.Length == 0 ? null : names is ["none"] ? [] : names.ToHashSet(StringComparer.OrdinalIgnoreCase);
    }
}

/// <summary>How a dispatcher decides what is to be changed.</summary>
internal sealed record Planning(
    ReadWayOption KamailioRead, HashSet<int>? Sets, TimeSpan RemovalDelay, DestinationOrder Order, ShareWay Share, ZonePreference? Zone, bool IsAdmissionProbed, PanicOptions Panic, HashSet<string>? AllowedAttributes)
{
    /// <summary>The same dispatcher, which decides so.</summary>
    public DispatcherOptions ApplyTo(DispatcherOptions options) => options with
    {
        KamailioRead = KamailioRead,
        Sets = Sets,
        Order = Order,
        Share = Share,
        Zone = Zone,
        IsAdmissionProbed = IsAdmissionProbed,
        AllowedAttributes = AllowedAttributes,
        Reconciler = options.Reconciler with { RemovalDelay = RemovalDelay, Panic = Panic },
    };
}

namespace KamailioRpc.Commands.Reading;

/// <summary>What has been read of a destination so far, and the first thing that is wrong with it.</summary>
internal struct DestinationParts
{
    public int Set;
    public string? Uri;
    public DestinationState? State;
    public bool IsProbed;
    public int Priority;
    public string? Attributes;
    public string? Duid;
    public int MaxLoad;
    public int Weight;
    public int RelativeWeight;
    public string? Socket;
    public string? SocketName;
    public string? OutboundProxy;
    public DestinationLatency? Latency;
    public int? DialogLoad;
    public string? Host;
    public string? IpAddress;
    public int? Port;
    public bool IsExact = true;
    public string? Reason;

    private Members _seen;

    public DestinationParts()
    {
    }

    [Flags]
    public enum Members
    {
        Uri = 1,
        Flags = 2,
        Priority = 4,
        Attributes = 8,
    }

    /// <summary>A member that comes twice says two things: neither is believed.</summary>
    public void Once(Members member, string name)
    {
        if ((_seen & member) != 0)
        {
            Reason ??= $"it has several {name}";
        }

        _seen |= member;
    }

    public readonly (DispatcherDestination? Destination, string? Reason, string? Uri) ToDestination()
    {
        var reason = Reason ?? (string.IsNullOrEmpty(Uri) ? "it has no URI" : State is null ? "it has no FLAGS" : null);
        return reason is not null ? (null, reason, string.IsNullOrEmpty(Uri) ? null : Uri) : (Destination(), null, Uri);
    }

    private readonly DispatcherDestination Destination() => new()
    {
        Set = Set,
        Uri = Uri!,
        IsExact = IsExact,
        State = State!.Value,
        IsProbed = IsProbed,
        Priority = Priority,
        Attributes = Attributes ?? string.Empty,
        Duid = Duid ?? string.Empty,
        MaxLoad = MaxLoad,
        Weight = Weight,
        RelativeWeight = RelativeWeight,
        Socket = Socket ?? string.Empty,
        SocketName = SocketName ?? string.Empty,
        OutboundProxy = OutboundProxy ?? string.Empty,
        Latency = Latency,
        DialogLoad = DialogLoad,
        Host = Host,
        IpAddress = IpAddress,
        Port = Port,
    };
}

namespace KamailioRpc.Commands;

/// <summary>One process of Kamailio, as <c>core.psx</c> lists it.</summary>
/// <param name="Pid">Its id, in Kamailio's PID namespace.</param>
/// <param name="Description">What it is for, such as <c>udp receiver child=0 sock=127.0.0.1:5060</c>.</param>
public sealed record KamailioProcess(int Pid, string Description)
{
    /// <summary>Whether it takes SIP messages over UDP.</summary>
    public bool IsUdpReceiver => Description.StartsWith("udp receiver", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether it is one of Kamailio's timers, which ping destinations among other things.</summary>
    public bool IsTimer => Description.Contains("timer", StringComparison.OrdinalIgnoreCase);

    /// <summary>"main" while it starts the others, "main process - attendant" from then on.</summary>
    public bool IsMain => Description.StartsWith("main", StringComparison.OrdinalIgnoreCase);

    /// <summary>The main process, when it has started all others.</summary>
    public bool IsMainOfAll => IsMain && Description.Contains("attendant", StringComparison.OrdinalIgnoreCase);
}

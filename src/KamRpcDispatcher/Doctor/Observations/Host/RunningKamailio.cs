using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Observations.Configured;

namespace KamRpcDispatcher.Doctor.Observations.Host;

/// <summary>A Kamailio that runs on this machine, as procfs shows it, whether or not it answers.</summary>
/// <param name="Pid">Its main process.</param>
/// <param name="User">Who it is.</param>
/// <param name="CommandLine">What it was started with.</param>
internal sealed record RunningKamailio(int Pid, Credentials User, CommandLine CommandLine)
{
    /// <summary>The configuration that it was started with.</summary>
    public Observed<KamailioConfig> Config { get; init; } = Observed<KamailioConfig>.Not("not looked at");

    /// <summary>A file of the configuration that was changed after the start; null when none was.</summary>
    public string? Changed { get; init; }

    /// <summary>Those of its processes that are stopped.</summary>
    public IReadOnlyList<int> Stopped { get; init; } = [];

    /// <summary>What opens <see cref="ListeningPlace"/>s according to the configuration.</summary>
    public IReadOnlyList<ListeningPlace> Places => Config.Try(out var config, out _) ? ListeningPlace.Of(config, CommandLine) : [];

    /// <summary>What the process does that reads the requests.</summary>
    public Observed<Worker> Worker { get; init; } = Observed<Worker>.Not("not looked at");

    /// <summary>Whether the socket's path is something in what Kamailio takes for the file system.</summary>
    public Observed<bool> HasSocket { get; init; } = Observed<bool>.Not("not looked at");

    /// <summary>Whether the directory for its replies is the same to Kamailio as to us.</summary>
    public Observed<bool> SharesReplies { get; init; } = Observed<bool>.Not("not looked at");

    /// <summary>Whose mount hides that directory, in words: <c>PrivateTmp of kamailio.service</c>; null when that is not known.</summary>
    public string? Hider { get; init; }
}

/// <summary>What the process does that reads the requests.</summary>
/// <param name="IsWaiting">Whether some process waits for the next request.</param>
/// <param name="Holders">Those that have the socket or FIFO open: whoever was forked before the one that reads it has it too.</param>
internal sealed record Worker(bool IsWaiting, IReadOnlyList<int> Holders)
{
    /// <summary>Whether some process may be waiting for it, and it cannot be seen for what else it waits.</summary>
    public bool IsDoubtful { get; init; }

    /// <summary>Those of them that compute, or wait for a lock.</summary>
    public IReadOnlyList<int> Busy { get; init; } = [];
}

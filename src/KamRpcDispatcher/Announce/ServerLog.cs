using KamRpcDispatcher.Destinations;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Announce;

/// <summary>Tells of one server's members what state they are in: of a server that flaps not each time, but as it is in the end in any case.</summary>
/// <param name="server">The server.</param>
/// <param name="unknowns">How often it is told of any server that it could not be probed.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class ServerLog(ProbedServer server, LogLimit unknowns, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>In a minute: a server that leaves and comes back has some three.</summary>
    private const int MostLines = 20;

    private readonly LogLimit _changes = new(timeProvider, MostLines);
    private (MemberState State, string Reason)? _untold;

    /// <summary>It is in another state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="reason">Why; of one that is ready, what the probe said.</param>
    public void Changed(MemberState state, string reason)
    {
        _untold = (state, reason);
        TellRest();
    }

    /// <summary>Tells what could not be told before, where there is room again.</summary>
    public void TellRest()
    {
        if (_untold is not var (state, reason) || !_changes.Allows())
        {
            return;
        }

        _untold = null;
        foreach (var member in server.Members)
        {
            Tell(member, state, reason);
        }
    }

    /// <summary>An earlier announcer's record of it takes no calls any more.</summary>
    public void Drained(Member member) => Tell(member, MemberState.Draining, member.Reason!);

    /// <summary>For all servers at once, as a rule: a handful of lines a minute tell it.</summary>
    public void NotProbed(string reason)
    {
        if (unknowns.Allows())
        {
            AnnounceLog.NotProbed(logger, server.Members[0].Uri, reason);
        }
    }

    private void Tell(Member member, MemberState state, string reason)
    {
        switch (state)
        {
            case MemberState.Ready:
                AnnounceLog.Ready(logger, member.Key, member.Uri, reason);
                break;
            case MemberState.Draining:
                AnnounceLog.Draining(logger, member.Key, member.Uri, reason);
                break;
            default:
                AnnounceLog.Down(logger, member.Key, member.Uri, reason);
                break;
        }
    }
}

using KamailioRpc.Errors;
using KamRpcDispatcher.Linux;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Claim;

/// <summary>Finds out whether the daemon that left a mark still lives.</summary>
internal sealed class LifeSign(MarkTable table, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>Waits for a sign of life; false when none came, or the mark is not there any more.</summary>
    /// <exception cref="KamailioRpcException">Kamailio did not answer: who lives could give no sign meanwhile either.</exception>
    public async Task<bool> IsSeenAsync(Mark mark, CancellationToken cancellationToken)
    {
        if (Machine.HasEnded(mark.Place, mark.Pid))
        {
            return false;
        }

        ClaimLog.Waiting(logger, mark.Holder, ClaimTimes.BetweenReadings * ClaimTimes.Readings);
        var beat = await table.ReadBeatAsync(mark, cancellationToken).ConfigureAwait(false);
        for (var reading = 0; reading < ClaimTimes.Readings; reading++)
        {
            await Task.Delay(ClaimTimes.BetweenReadings, timeProvider, cancellationToken).ConfigureAwait(false);
            if (await table.ReadBeatAsync(mark, cancellationToken).ConfigureAwait(false) is { } now && now != beat)
            {
                return true;
            }

            if ((await table.ReadAsync(cancellationToken).ConfigureAwait(false))?.Id != mark.Id)
            {
                return false;
            }
        }

        return false;
    }
}

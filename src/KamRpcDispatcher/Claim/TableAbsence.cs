using KamailioRpc.Errors;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Claim;

/// <summary>That a Kamailio has no table for marks: told once, and asked for again after a while.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class TableAbsence(TimeProvider timeProvider, ILogger logger)
{
    private (string Instance, long Since)? _current;
    private bool _isTold;

    /// <summary>Whether it need not be asked for yet.</summary>
    /// <param name="instance">Which Kamailio there is now.</param>
    public bool Lasts(string instance) => _current is var (known, since) && known == instance && timeProvider.GetElapsedTime(since) < ClaimTimes.NoTablePause;

    /// <summary>It is not there.</summary>
    public void Meet(string instance, KamailioFaultException fault)
    {
        _current = (instance, timeProvider.GetTimestamp());
        if (!_isTold)
        {
            _isTold = true;
            ClaimLog.NoTable(logger, fault.Message, MarkTable.ConfigLines);
        }
    }

    /// <summary>It is there.</summary>
    public void End() => (_current, _isTold) = (null, false);
}

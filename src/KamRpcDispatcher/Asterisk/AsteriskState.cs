using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Asterisk;

/// <summary>What was last seen of an Asterisk; tells and logs each change, once. Of one that comes and goes each second some changes a minute are logged.</summary>
internal sealed class AsteriskState(AmiAddress address, AmiCredentials credentials, Action<AsteriskNotice> notice, TimeProvider time, ILogger logger)
{
    private readonly LogLimits<AsteriskNoticeKind> _limits = new(time);
    private readonly LogLimit _unreachables = new(time);
    private AsteriskNotice? _last;
    private bool _isInMaintenance;
    private string? _unreachable;

    /// <summary>Whether it was in maintenance mode when it was last seen.</summary>
    public bool IsInMaintenance { init => _isInMaintenance = value; }

    private bool IsConnected => _last?.Kind is AsteriskNoticeKind.Connected or AsteriskNoticeKind.ShuttingDown or AsteriskNoticeKind.ShutdownAborted;

    public void Connected()
    {
        _unreachable = null;
        if (Tell(new AsteriskNotice(AsteriskNoticeKind.Connected)) && _limits.Allows(AsteriskNoticeKind.Connected))
        {
            AsteriskLog.Connected(logger, address, credentials.User);
        }
    }

    public void ShuttingDown()
    {
        if (Tell(new AsteriskNotice(AsteriskNoticeKind.ShuttingDown)) && _limits.Allows(AsteriskNoticeKind.ShuttingDown))
        {
            AsteriskLog.ShuttingDown(logger, address);
        }
    }

    /// <summary>It answers as one does that is not shutting down.</summary>
    public void Alive()
    {
        if (_last?.Kind == AsteriskNoticeKind.ShuttingDown && Tell(new AsteriskNotice(AsteriskNoticeKind.ShutdownAborted)) && _limits.Allows(AsteriskNoticeKind.ShutdownAborted))
        {
            AsteriskLog.ShutdownAborted(logger, address);
        }
    }

    /// <summary>Whether it is in maintenance mode there, however often that is seen.</summary>
    public void Maintenance(bool isOn, string endpoint)
    {
        var isNews = isOn != _isInMaintenance;
        _isInMaintenance = isOn;
        if (isOn || isNews)
        {
            notice(new AsteriskNotice(isOn ? AsteriskNoticeKind.InMaintenance : AsteriskNoticeKind.MaintenanceEnded));
        }

        if (!isNews || !_limits.Allows(isOn ? AsteriskNoticeKind.InMaintenance : AsteriskNoticeKind.MaintenanceEnded))
        {
            return;
        }

        if (isOn)
        {
            AsteriskLog.InMaintenance(logger, address, endpoint);
        }
        else
        {
            AsteriskLog.MaintenanceEnded(logger, address, endpoint);
        }
    }

    public void Unreachable(string reason)
    {
        if (IsConnected)
        {
            _unreachable = reason;
            if (_limits.Allows(AsteriskNoticeKind.ConnectionLost))
            {
                AsteriskLog.ConnectionLost(logger, address, reason);
            }

            Tell(new AsteriskNotice(AsteriskNoticeKind.ConnectionLost, reason));
        }
        else if (_last?.Kind != AsteriskNoticeKind.ConnectionLost && _unreachable != reason)
        {
            _unreachable = reason;
            if (_unreachables.Allows())
            {
                AsteriskLog.Unreachable(logger, address, reason);
            }
        }
    }

    public void LoginRefused(string reason)
    {
        if (Tell(new AsteriskNotice(AsteriskNoticeKind.LoginRefused, reason)))
        {
            AsteriskLog.LoginRefused(logger, address, credentials.User, reason);
        }
    }

    /// <returns>Whether it is news.</returns>
    private bool Tell(AsteriskNotice seen)
    {
        if (seen == _last)
        {
            return false;
        }

        _last = seen;
        notice(seen);
        return true;
    }
}

using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Asterisk;

/// <summary>What was last seen of an Asterisk; tells and logs each change, once.</summary>
internal sealed class AsteriskState(AmiAddress address, AmiCredentials credentials, Action<AsteriskNotice> notice, ILogger logger)
{
    private AsteriskNotice? _last;
    private string? _unreachable;

    private bool IsConnected => _last?.Kind is AsteriskNoticeKind.Connected or AsteriskNoticeKind.ShuttingDown or AsteriskNoticeKind.ShutdownAborted;

    public void Connected()
    {
        _unreachable = null;
        if (Tell(new AsteriskNotice(AsteriskNoticeKind.Connected)))
        {
            AsteriskLog.Connected(logger, address, credentials.User);
        }
    }

    public void ShuttingDown()
    {
        if (Tell(new AsteriskNotice(AsteriskNoticeKind.ShuttingDown)))
        {
            AsteriskLog.ShuttingDown(logger, address);
        }
    }

    /// <summary>It answers as one does that is not shutting down.</summary>
    public void Alive()
    {
        if (_last?.Kind == AsteriskNoticeKind.ShuttingDown && Tell(new AsteriskNotice(AsteriskNoticeKind.ShutdownAborted)))
        {
            AsteriskLog.ShutdownAborted(logger, address);
        }
    }

    public void Unreachable(string reason)
    {
        if (IsConnected)
        {
            _unreachable = reason;
            AsteriskLog.ConnectionLost(logger, address, reason);
            Tell(new AsteriskNotice(AsteriskNoticeKind.ConnectionLost, reason));
        }
        else if (_last?.Kind != AsteriskNoticeKind.ConnectionLost && _unreachable != reason)
        {
            _unreachable = reason;
            AsteriskLog.Unreachable(logger, address, reason);
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

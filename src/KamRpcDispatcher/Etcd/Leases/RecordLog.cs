using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>Tells who has a key of ours. Two holders that take it from one another in turn do not fill the log.</summary>
/// <param name="name">The key.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class RecordLog(string name, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>Somebody has to see that two servers have one name: it is told about once a minute.</summary>
    private const int ReadingsBetweenWarnings = 60;

    /// <summary>Null as long as nobody took it: there may be thousands of keys.</summary>
    private LogLimit? _losses;

    /// <summary>Whether the last loss was not told, so that the end of it is not told either.</summary>
    private bool _isLossUntold;
    private int _readings;

    /// <summary>It is ours.</summary>
    public void Claimed(long lease)
    {
        if (!_isLossUntold)
        {
            EtcdLog.Claimed(logger, name, lease);
        }
    }

    /// <summary>It was ours, and is not there any more.</summary>
    public void Deleted() => EtcdLog.KeyDeleted(logger, name);

    /// <summary>It was ours, and somebody else has it.</summary>
    public void Superseded()
    {
        _losses ??= new LogLimit(timeProvider);
        _isLossUntold = !_losses.Allows();
        if (!_isLossUntold)
        {
            EtcdLog.Superseded(logger, name);
        }
    }

    /// <summary>Somebody else has it.</summary>
    /// <param name="value">What stands there.</param>
    /// <param name="isFirst">Whether nothing was known of that.</param>
    public void Occupied(string value, bool isFirst)
    {
        _readings = isFirst ? 0 : _readings + 1;
        if (_readings % ReadingsBetweenWarnings == 0)
        {
            EtcdLog.Occupied(logger, name, SafeText.Shorten(value, 256));
        }
    }
}

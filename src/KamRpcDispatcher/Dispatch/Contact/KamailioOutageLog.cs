using System.Globalization;
using KamailioRpc.Errors;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Contact;

/// <summary>Says that Kamailio cannot be used: when it begins, when the reason is another one, once a minute while it lasts, and when it is over.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class KamailioOutageLog(TimeProvider timeProvider, ILogger logger)
{
    private readonly Outage _outage = new(timeProvider);

    /// <summary>When it began; null when there is none.</summary>
    public DateTimeOffset? Since => _outage.Since;

    /// <summary>A cycle could not use it.</summary>
    /// <returns>Whether it was told.</returns>
    public bool Failed(KamailioRpcException exception)
    {
        var level = exception.IsTransient ? LogLevel.Warning : LogLevel.Error;
        var since = string.Create(CultureInfo.InvariantCulture, $"{_outage.Since:HH:mm:ss} UTC");

        // Which call it is that is not answered differs from one to the next.
        switch (_outage.Meet(exception is KamailioTimeoutException or KamailioGoneException ? exception.GetType().Name : exception.Message))
        {
            case OutageNews.Begins when exception.IsTransient:
                ReconcileLog.Unreachable(logger, exception.Message);
                return true;
            case OutageNews.Begins:
                ReconcileLog.Refused(logger, exception.Message);
                return true;
            case OutageNews.Changes:
                ReconcileLog.OtherReason(logger, level, since, _outage.Lasted, exception.Message);
                return true;
            case OutageNews.Lasts:
                ReconcileLog.StillUnusable(logger, level, since, _outage.Lasted, exception.Message);
                return true;
            default:
                return false;
        }
    }

    /// <summary>A cycle has read its list.</summary>
    /// <returns>Whether that is news.</returns>
    public bool Reached()
    {
        if (_outage.End() is not { } lasted)
        {
            return false;
        }

        ReconcileLog.UsableAgain(logger, lasted);
        return true;
    }
}

using KamailioRpc.Errors;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Dispatch.Contact;

/// <summary>
/// Knows whether Kamailio answers: by every call that is made, whoever makes it, and by whether its list could be read. A cycle may take long, and
/// who waits in it notices nothing. Thread-safe.
/// </summary>
internal sealed class ContactWatch(TimeProvider timeProvider)
{
    /// <summary>A reply that was lost, and a restart, take a moment.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(1250);

    /// <summary>A call that has not ended may still be answered, where it may take longer than this.</summary>
    internal static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(2);

    /// <summary>
    /// What is met after a while in which nobody has checked may be over: a daemon that was stopped finds calls that were not answered in time, with
    /// their answers.
    /// </summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(300);

    private readonly Lock _gate = new();
    private readonly Dictionary<long, TimeSpan> _waiting = [];
    private long _calls;
    private TimeSpan _answered;
    private TimeSpan _checkedAt;
    private Failure? _silence;
    private Failure? _unread;
    private TimeSpan? _read;
    private KamailioContact? _told;
    private Moment _since;

    /// <summary>What is known now; null before anything is.</summary>
    public KamailioContact? Current
    {
        get
        {
            lock (_gate)
            {
                var before = _checkedAt;
                _checkedAt = timeProvider.Mark();
                return _told = Tell(wasStopped: _checkedAt - before > Patience);
            }
        }
    }

    /// <summary>How long ago Kamailio answered a call; null for never.</summary>
    public TimeSpan? AnsweredAgo
    {
        get
        {
            lock (_gate)
            {
                return _answered == default ? null : timeProvider.Mark() - _answered;
            }
        }
    }

    /// <summary>A call is made.</summary>
    /// <returns>Its number.</returns>
    public long Sent()
    {
        lock (_gate)
        {
            _waiting[++_calls] = timeProvider.Mark();
            return _calls;
        }
    }

    /// <summary>Kamailio has answered a call, by a fault too.</summary>
    public void Answered(long call)
    {
        lock (_gate)
        {
            _waiting.Remove(call);
            _answered = timeProvider.Mark();
            _silence = null;
        }
    }

    /// <summary>It has not.</summary>
    public void Failed(long call, KamailioRpcException exception)
    {
        lock (_gate)
        {
            if (_waiting.Remove(call, out var sent))
            {
                // It may have waited for its turn behind others that were answered.
                _silence = new Failure(_silence?.Since ?? Later(sent, _answered), _silence?.Noted ?? timeProvider.Mark(), ContactReason.Of(exception));
            }
        }
    }

    /// <summary>Nobody waits for the answer any more.</summary>
    public void GivenUp(long call)
    {
        lock (_gate)
        {
            _waiting.Remove(call);
        }
    }

    /// <summary>The list was read.</summary>
    public void Read()
    {
        lock (_gate)
        {
            (_silence, _unread) = (null, null);
            _read = timeProvider.Mark();
        }
    }

    /// <summary>The list could not be read.</summary>
    public void NotRead(string reason)
    {
        lock (_gate)
        {
            var now = timeProvider.Mark();
            _unread = new Failure(_unread?.Since ?? now, _unread?.Noted ?? now, reason);
        }
    }

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private KamailioContact? Tell(bool wasStopped)
    {
        if ((Noted() ?? (wasStopped ? null : Unended())) is { } trouble)
        {
            return Tell(answers: false, trouble.Since, trouble.Reason);
        }

        // That it answers again counts from when its list was read.
        var isBack = _read is { } read && (_told is not { Answers: false } || read > _since.Mark);
        return isBack && _unread is null && _silence is null ? Tell(answers: true, _read!.Value, null) : _told;
    }

    /// <summary>Calls that were not answered, or a list that could not be read, for long enough.</summary>
    private Failure? Noted()
    {
        if ((_silence ?? _unread) is not { } failure)
        {
            return null;
        }

        var now = timeProvider.Mark();
        var since = _unread is { } unread && unread.Since < failure.Since ? unread.Since : failure.Since;
        return now - since >= Patience && now - failure.Noted >= Settling ? failure with { Since = since } : null;
    }

    /// <summary>Calls that have not ended for too long.</summary>
    private Failure? Unended()
    {
        if (_waiting.Count == 0)
        {
            return null;
        }

        var now = timeProvider.Mark();
        var asked = Later(_waiting.Values.Min(), _answered);
        return now - asked >= LongestCall
            ? new Failure(asked, now, FormattableString.Invariant($"no reply from Kamailio within {LongestCall.TotalSeconds:0} s; kamrpc doctor beside it looks for the cause"))
            : null;
    }

    private KamailioContact Tell(bool answers, TimeSpan since, string? reason)
    {
        _since = _told?.Answers == answers ? _since.Told(timeProvider) : Moment.At(timeProvider, since);
        return new KamailioContact(answers, _since.Utc, reason);
    }

    /// <param name="Since">When it began.</param>
    /// <param name="Noted">When it was noticed.</param>
    /// <param name="Reason">Why.</param>
    private sealed record Failure(TimeSpan Since, TimeSpan Noted, string Reason);
}

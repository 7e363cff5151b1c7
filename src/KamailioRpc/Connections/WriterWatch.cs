namespace KamailioRpc.Connections;

/// <summary>Calls that Kamailio has left without an answer since it answered last.</summary>
/// <remarks>
/// Kamailio 6.2 with <c>ds_load_mode</c> 1 has a writer that never comes back: after one refused add the next structural change waits for ever,
/// and everything behind it (kamailio-facts, section 8). Whoever sees <see cref="IsWriterStuck"/> should say so, send no change any more (what
/// is sent waits in Kamailio's queue, and is done if it ever comes back) and ask <c>core.echo</c> now and then, no more often than every ten
/// seconds; an answer makes this null again. Only a restart of Kamailio helps.
/// </remarks>
/// <param name="Method">The first of them.</param>
/// <param name="Change">The first of them that is a structural change (<c>dispatcher.add</c>, <c>remove</c>, <c>reload</c>); null for none.</param>
/// <param name="For">Since when: from the first one's sending to now.</param>
/// <param name="Count">How many they are.</param>
/// <param name="IsWriterStuck">
/// Whether this is more than a slow reply: behind a structural change that was not answered at least two calls were not either, whose
/// answers would have been short.
/// </param>
public sealed record Unanswered(string Method, string? Change, TimeSpan For, int Count, bool IsWriterStuck);

/// <summary>Keeps count of the calls that were not answered, to tell a writer that does not come back from a slow reply. Thread-safe.</summary>
/// <param name="address">By which way calls go.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class WriterWatch(KamailioAddress address, TimeProvider timeProvider)
{
    private const int Proof = 2;

    private readonly Lock _gate = new();
    private string? _method;
    private string? _change;
    private long _since;
    private long _changeSent;
    private int _count;
    private int _behindChange;

    public Unanswered? Unanswered
    {
        get
        {
            lock (_gate)
            {
                return _method is null ? null : new Unanswered(_method, _change, timeProvider.GetElapsedTime(_since), _count, _behindChange >= Proof);
            }
        }
    }

    /// <summary>A call was not answered in time.</summary>
    /// <param name="method">Its method.</param>
    /// <param name="sent">When it was sent, by the clock.</param>
    public void TimedOut(string method, long sent)
    {
        lock (_gate)
        {
            if (_method is null)
            {
                (_method, _since) = (method, sent);
            }

            _count++;
            if (_change is not null)
            {
                // A list that is too long for a datagram is dropped, by a writer that is well.
                _behindChange += sent >= _changeSent && !(method == "dispatcher.list" && address.DropsLongReplies) ? 1 : 0;
            }
            else if (IsStructural(method))
            {
                (_change, _changeSent) = (method, sent);
            }
        }
    }

    /// <summary>A call was answered, by a fault too. Where several processes answer, only the answer to a change tells of the one that makes them.</summary>
    public void Answered(string method, long sent)
    {
        lock (_gate)
        {
            if (_method is not null && sent >= _since && (address.IsSerial || _change is null || IsStructural(method)))
            {
                Clear();
            }
        }
    }

    /// <summary>That Kamailio has gone, and what it had not answered with it.</summary>
    public void Gone()
    {
        lock (_gate)
        {
            Clear();
        }
    }

    private void Clear() => (_method, _change, _count, _behindChange) = (null, null, 0, 0);

    private static bool IsStructural(string method) => method is "dispatcher.add" or "dispatcher.remove" or "dispatcher.reload";
}

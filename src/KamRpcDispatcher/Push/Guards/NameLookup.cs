using System.Net;
using System.Net.Sockets;
using KamailioRpc.Errors;

namespace KamRpcDispatcher.Push.Guards;

/// <summary>
/// Whether names resolve: by this machine's resolver first, which keeps nobody waiting, then by Kamailio's, which may know better: it
/// remembers failures for a minute (<c>dns_cache_negative_ttl</c>), and does not read <c>/etc/hosts</c> while its DNS cache is on.
/// </summary>
/// <remarks>
/// The resolver of the system cannot be interrupted and may take half a minute. Each lookup has a thread of its own, not one of the thread
/// pool's, and there are few: a name that is being looked up is not looked up once more.
/// </remarks>
/// <param name="resolve">The system's resolver; it blocks.</param>
/// <param name="inKamailio">Kamailio's; null where it cannot be asked.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class NameLookup(Func<string, IPAddress[]> resolve, Func<string, CancellationToken, Task<bool?>> inKamailio, TimeProvider timeProvider)
{
    private const int MostThreads = 8;
    private const int MostAnswers = 4096;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan GoodLasts = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BadLasts = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, (NameAnswer Answer, long At)> _answers = [];
    private readonly Dictionary<string, Task<(NameAnswer Answer, long At)>> _running = [];
    private readonly Queue<(string Name, TaskCompletionSource<(NameAnswer, long)> Answer)> _waiting = [];
    private int _threads;

    /// <summary>What is known of a name, however old; null when it was not looked up yet.</summary>
    public NameAnswer? Known(string name) => _answers.TryGetValue(name, out var known) ? known.Answer : null;

    /// <summary>Looks the names up, all together within two seconds, and by Kamailio one after another. One that is not found in time is failing.</summary>
    public async Task<IReadOnlyDictionary<string, NameAnswer>> FindAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        if (_answers.Count > MostAnswers)
        {
            _answers.Clear();
            foreach (var (name, lookup) in _running)
            {
                if (lookup.IsCompleted)
                {
                    _running.Remove(name);
                }
            }
        }

        var lookups = names.Where(IsDue).Distinct().ToDictionary(static name => name, LookUp);
        if (lookups.Values.Any(static lookup => !lookup.IsCompleted))
        {
            await Task.WhenAny(Task.WhenAll(lookups.Values), Task.Delay(Patience, timeProvider, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }

        foreach (var (name, lookup) in lookups)
        {
            // One that still runs is waited for again the next time.
            var found = lookup.IsCompleted ? await lookup.ConfigureAwait(false) : (Answer: new NameAnswer(NameState.Failing, "the name servers do not answer"), At: timeProvider.GetTimestamp());
            if (found.Answer.State == NameState.Resolves)
            {
                found.Answer = await InKamailioAsync(name, cancellationToken).ConfigureAwait(false) with { Addresses = found.Answer.Addresses };
            }

            _answers[name] = found;
        }

        return names.Distinct().ToDictionary(static name => name, name => _answers[name].Answer);
    }

    private bool IsDue(string name) => !_answers.TryGetValue(name, out var known) || !IsFresh(known);

    private bool IsFresh((NameAnswer Answer, long At) known) =>
        timeProvider.GetElapsedTime(known.At) < (known.Answer.State == NameState.Resolves ? GoodLasts : BadLasts);

    private async Task<NameAnswer> InKamailioAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await inKamailio(name, cancellationToken).ConfigureAwait(false) is false
                ? new NameAnswer(NameState.UnknownToKamailio, "it resolves here, but Kamailio does not find it; it remembers failures for dns_cache_negative_ttl, 60 s by default")
                : NameAnswer.Good;
        }
        catch (KamailioTimeoutException)
        {
            return new NameAnswer(NameState.UnknownToKamailio, "it resolves here, but Kamailio's name servers do not answer");
        }
        catch (KamailioRpcException)
        {
            // Whoever cannot be asked cannot be changed either: the next call says why.
            return NameAnswer.Good;
        }
    }

    private Task<(NameAnswer Answer, long At)> LookUp(string name)
    {
        // What was found after nobody waited any more may be old by now.
        if (_running.TryGetValue(name, out var running) && (!running.IsCompletedSuccessfully || IsFresh(running.Result)))
        {
            return running;
        }

        var answer = new TaskCompletionSource<(NameAnswer, long)>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waiting)
        {
            _waiting.Enqueue((name, answer));
            if (_threads < MostThreads && !TryStart() && _threads == 0)
            {
                // Nobody would ever answer.
                _waiting.Clear();
                answer.SetResult((new NameAnswer(NameState.Failing, "this host has no thread left for looking it up"), timeProvider.GetTimestamp()));
            }
        }

        return _running[name] = answer.Task;
    }

    private bool TryStart()
    {
        try
        {
            new Thread(Work) { IsBackground = true, Name = "name lookup" }.Start();
            _threads++;
            return true;
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            return false;
        }
    }

    /// <summary>Looks up what waits, and ends.</summary>
    private void Work()
    {
        while (true)
        {
            (string Name, TaskCompletionSource<(NameAnswer, long)> Answer) next;
            lock (_waiting)
            {
                if (!_waiting.TryDequeue(out next))
                {
                    _threads--;
                    return;
                }
            }

            var answer = Resolve(next.Name);
            next.Answer.SetResult((answer, timeProvider.GetTimestamp()));
        }
    }

    private NameAnswer Resolve(string name)
    {
        try
        {
            return resolve(name) is { Length: > 0 } addresses ? NameAnswer.Good with { Addresses = addresses } : new NameAnswer(NameState.Missing, "it has no address");
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData)
        {
            return new NameAnswer(NameState.Missing, "there is no such name, or it has no address");
        }
        catch (SocketException exception)
        {
            return new NameAnswer(NameState.Failing, exception.SocketErrorCode == SocketError.TryAgain ? "the name servers fail" : exception.Message);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // Not a name that could be looked up, such as one that is too long.
            return new NameAnswer(NameState.Missing, exception.Message);
        }
    }
}

/// <summary>What became of looking a name up.</summary>
internal enum NameState
{
    /// <summary>It has an address.</summary>
    Resolves,

    /// <summary>The name servers say that there is none.</summary>
    Missing,

    /// <summary>The name servers say nothing, or that they fail.</summary>
    Failing,

    /// <summary>It has an address, and Kamailio does not find it.</summary>
    UnknownToKamailio,
}

/// <summary>What became of looking a name up.</summary>
/// <param name="State">In one word.</param>
/// <param name="Text">For people; empty where there is an address.</param>
internal sealed record NameAnswer(NameState State, string Text)
{
    public static readonly NameAnswer Good = new(NameState.Resolves, string.Empty);

    /// <summary>The addresses, as this machine's resolver tells them.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];
}

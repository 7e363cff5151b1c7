using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Probe;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Announce;

/// <summary>Looks at one box over and over, and keeps the records of its members in the state that it finds.</summary>
internal sealed class BoxWatch : IDisposable
{
    /// <summary>In a minute: a server that leaves and comes back has some three.</summary>
    private const int MostLines = 20;

    /// <summary>For so long the first look is waited for, before what an earlier life of ours has written is kept alive: its lease ends soon.</summary>
    private static readonly TimeSpan FirstLookTime = TimeSpan.FromSeconds(1.5);

    private readonly Box _box;
    private readonly IReadOnlyList<LeasedRecord> _records;
    private readonly ProbeHealth _health;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _timeProvider;
    private readonly Action _changed;
    private readonly ILogger _logger;
    private readonly LoopFaults _faults;
    private readonly Lock _lock = new();

    /// <summary>Ends the rest until the next look; another one takes its place when it was used.</summary>
    private volatile CancellationTokenSource _rest = new();
    private readonly LogLimit _changes;
    private readonly LogLimit _unknowns;
    private bool _isUnlogged;
    private DeathSign _sign;
    private string? _stopping;
    private string? _leaving;
    private string? _toldWithoutLook;
    private (MemberState State, string? Reason) _told;

    /// <param name="box">The box.</param>
    /// <param name="records">The record of each of its members, in their order.</param>
    /// <param name="options">How often it is looked at, and what counts.</param>
    /// <param name="changed">Called after each change of state, the first one too.</param>
    /// <param name="unknowns">How often it is told of any box that it could not be probed.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log.</param>
    public BoxWatch(Box box, IReadOnlyList<LeasedRecord> records, AnnouncerOptions options, Action changed, LogLimit unknowns, TimeProvider timeProvider, ILogger logger)
    {
        _unknowns = unknowns;
        _box = box;
        _records = records;
        _health = new ProbeHealth(options.Rise, options.Fall);
        _interval = options.Interval;
        _changed = changed;
        _timeProvider = timeProvider;
        _logger = logger;
        _changes = new LogLimit(timeProvider, MostLines);
        _faults = new LoopFaults($"the probe of {box.Members[0].Uri}", logger, timeProvider);
        Heartbeat = new Heartbeat(timeProvider);
    }

    public Heartbeat Heartbeat { get; }

    /// <summary>The state that was told last; null before the first look.</summary>
    public MemberState? State { get; private set; }

    /// <summary>What it was like at the last look, where it is down; else null.</summary>
    public DeathSign? Death => State == MemberState.Down ? _sign : null;

    public int Members => _box.Members.Length;

    /// <summary>Those of its members whose keys somebody else has.</summary>
    public IEnumerable<MemberKey> Occupied => _records.Select((record, index) => (record, index)).Where(static pair => pair.record.IsOccupied).Select(pair => _box.Members[pair.index].Key);

    /// <summary>Those of its members whose keys etcd refuses, so that nothing of this announcer's stands there.</summary>
    public IEnumerable<MemberKey> NeverWritten => _records.Select((record, index) => (record, index)).Where(static pair => pair.record is { IsRefused: true, IsHeld: false }).Select(pair => _box.Members[pair.index].Key);

    /// <summary>Looks until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (_box.Probe is not { } probe)
        {
            Observe(new ProbeOutcome(ProbeVerdict.Alive, "not probed"));
            await Task.Delay(Timeout.InfiniteTimeSpan, _timeProvider, cancellationToken).ConfigureAwait(false);
            return;
        }

        await using var ending = cancellationToken.UnsafeRegister(static watch => ((BoxWatch)watch!).Hurry(), this);
        while (true)
        {
            Heartbeat.Expect(_interval + (probe.Timeout > _interval ? probe.Timeout : _interval));
            var begun = _timeProvider.GetTimestamp();
            await LookAsync(probe, cancellationToken).ConfigureAwait(false);

            // A change that does not count yet is looked into at once, but not in the same moment: two looks at one hiccup are one.
            var pause = (_health.IsInDoubt ? _interval / 2 : _interval) - _timeProvider.GetElapsedTime(begun);
            if (pause > TimeSpan.Zero)
            {
                await RestAsync(pause, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>What a probe throws says nothing of the server: it stays as it was.</summary>
    private async Task LookAsync(IProbe probe, CancellationToken cancellationToken)
    {
        try
        {
            var look = probe.ProbeAsync(cancellationToken);
            await InheritMeanwhileAsync(look, cancellationToken).ConfigureAwait(false);
            Observe(await look.ConfigureAwait(false));
            _faults.Succeeded();
        }
        catch (Exception exception) when (LoopFaults.IsUnexpected(exception, cancellationToken))
        {
            await Task.Delay(_faults.Failed(exception), _timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>While the first look lasts nobody knows better than the one who looked last, and was killed.</summary>
    private async Task InheritMeanwhileAsync(Task look, CancellationToken cancellationToken)
    {
        while (State is null && !look.IsCompleted && !cancellationToken.IsCancellationRequested)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            if (await Task.WhenAny(look, Task.Delay(FirstLookTime, _timeProvider, over.Token)).ConfigureAwait(false) != look && !cancellationToken.IsCancellationRequested)
            {
                foreach (var record in _records)
                {
                    record.Inherit();
                }
            }

            await over.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Looks again at once: something has happened to the box.</summary>
    public void Hurry() => _rest.Cancel();

    public void Dispose() => _rest.Dispose();

    /// <summary>The box says by another way than the probe that it takes no new calls any more; null when it does again. Forgotten when it is dead.</summary>
    public void Leaves(string? reason)
    {
        lock (_lock)
        {
            _leaving = reason;
            Tell();
        }
    }

    /// <summary>The announcer stops: what is alive takes no new calls from now on.</summary>
    public void Stop(string reason)
    {
        lock (_lock)
        {
            _stopping = reason;
            Tell();
        }
    }

    private void Observe(ProbeOutcome outcome)
    {
        if (outcome.Verdict == ProbeVerdict.Unknown)
        {
            // Nobody has said that a new one is ready: it is told why it is not.
            var isNew = State is null && !_records.Any(static record => record.IsUnknown || record.IsInherited);

            // For all boxes at once, as a rule: a handful of lines a minute tell it.
            if (!isNew && _unknowns.Allows())
            {
                AnnounceLog.NotProbed(_logger, _box.Members[0].Uri, outcome.Reason);
            }

            if (State is not null || _records.Any(static record => record.IsUnknown))
            {
                return;
            }

            // One that is not may wait: a word on it would be one on the server, and so on those that are.
            if (_records.Any(static record => record.IsInherited))
            {
                foreach (var record in _records)
                {
                    record.Inherit();
                }

                return;
            }

            outcome = ProbeOutcome.Dead(outcome.Reason);
        }

        lock (_lock)
        {
            _sign = outcome.Sign;
            if (_health.Observe(outcome) is not { } now)
            {
                Log();
                return;
            }

            if (now.Verdict == ProbeVerdict.Dead)
            {
                _leaving = null;
            }

            Tell();
        }
    }

    /// <summary>One timer and nothing else: a thousand boxes rest a thousand times a second.</summary>
    private async Task RestAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        await Task.Delay(pause, _timeProvider, _rest.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        if (_rest.IsCancellationRequested)
        {
            // The used one is not disposed of: somebody may be about to cancel it once more.
            _rest = new CancellationTokenSource();
        }
    }

    private void Tell()
    {
        if (_health.Current is not { } current)
        {
            TellInherited();
            return;
        }

        (MemberState State, string? Reason) now = (current.Verdict, _leaving ?? _stopping) switch
        {
            (ProbeVerdict.Dead, _) => (MemberState.Down, current.Reason),
            (ProbeVerdict.Leaving, _) => (MemberState.Draining, current.Reason),
            (_, { } reason) => (MemberState.Draining, reason),
            _ => (MemberState.Ready, null),
        };
        if (State is not null && now == _told)
        {
            return;
        }

        var since = _timeProvider.GetUtcNow();
        for (var index = 0; index < _records.Count; index++)
        {
            var member = _box.Members[index] with { State = now.State, Reason = now.Reason, Since = since };
            _records[index].Update(MemberRecord.Write(member), takesCallsAway: now.State != MemberState.Ready);
        }

        _told = now;
        State = now.State;
        _isUnlogged = true;
        Log();
        _changed();
    }

    /// <summary>Nothing is known of it yet, and what an earlier life of ours has left may say that it is ready: who leaves gets no calls, whatever a look would find.</summary>
    private void TellInherited()
    {
        var reason = _leaving ?? _stopping;
        if (reason == _toldWithoutLook)
        {
            return;
        }

        _toldWithoutLook = reason;
        for (var index = 0; index < _records.Count; index++)
        {
            var member = _box.Members[index] with { State = MemberState.Draining, Reason = reason, Since = _timeProvider.GetUtcNow() };
            _records[index].Succeed(reason is null ? null : MemberRecord.Write(member));
            if (reason is not null && _records[index].IsInherited)
            {
                Log(member);
            }
        }
    }

    /// <summary>Of a server that flaps not each time; as it is in the end in any case.</summary>
    private void Log()
    {
        if (!_isUnlogged || !_changes.Allows())
        {
            return;
        }

        _isUnlogged = false;
        foreach (var member in _box.Members)
        {
            Log(member with { State = _told.State, Reason = _told.Reason });
        }
    }

    private void Log(Member member)
    {
        switch (member.State)
        {
            case MemberState.Ready:
                AnnounceLog.Ready(_logger, member.Key, member.Uri, _health.Current!.Reason);
                break;
            case MemberState.Draining:
                AnnounceLog.Draining(_logger, member.Key, member.Uri, member.Reason!);
                break;
            default:
                AnnounceLog.Down(_logger, member.Key, member.Uri, member.Reason!);
                break;
        }
    }
}

using KamRpcDispatcher.Announce.Handover;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Probe;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Announce;

/// <summary>Probes one server at an interval, and keeps the records of its members in the state that it finds.</summary>
internal sealed class HealthMonitor : IDisposable
{
    /// <summary>For so long the first probe is waited for, before what an earlier life of ours has written is kept alive: its lease ends soon.</summary>
    private static readonly TimeSpan FirstProbeTime = TimeSpan.FromSeconds(1.5);

    private readonly ProbedServer _server;
    private readonly ServerRecords _records;
    private readonly ProbeHealth _health;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _timeProvider;
    private readonly Action _changed;
    private readonly LoopFaults _faults;
    private readonly Lock _lock = new();
    private readonly ProbePause _pause;
    private readonly ServerLog _log;
    private DeathSign _sign;
    private string? _stopping;
    private string? _leaving;
    private string? _maintenance;
    private (MemberState State, string? Reason) _told;

    /// <param name="server">The server.</param>
    /// <param name="records">The record of each of its members, in their order.</param>
    /// <param name="options">How often it is probed, and what counts.</param>
    /// <param name="changed">Called after each change of state, the first one too.</param>
    /// <param name="unknowns">How often it is told of any server that it could not be probed.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log.</param>
    public HealthMonitor(ProbedServer server, IReadOnlyList<LeasedRecord> records, AnnouncerOptions options, Action changed, LogLimit unknowns, TimeProvider timeProvider, ILogger logger)
    {
        _server = server;

        // Whoever drains one for a while has to know before whether somebody will count its calls then.
        _records = new ServerRecords([.. server.Members.Select(member => member with { CountsCalls = options.Asterisk is not null })], records, timeProvider);
        _health = new ProbeHealth(options.Rise, options.Fall);
        _interval = options.Interval;
        _changed = changed;
        _timeProvider = timeProvider;
        _pause = new ProbePause(timeProvider);
        _log = new ServerLog(server, unknowns, timeProvider, logger);
        _faults = new LoopFaults($"the probe of {server.Members[0].Uri}", logger, timeProvider);
        Heartbeat = new Heartbeat(timeProvider);
    }

    public Heartbeat Heartbeat { get; }

    /// <summary>The state that was told last; null before the first probe.</summary>
    public MemberState? State { get; private set; }

    /// <summary>What it was like at the last probe, where it is down; else null.</summary>
    public DeathSign? Death => State == MemberState.Down ? _sign : null;

    public int Members => _server.Members.Length;

    /// <summary>Why one that is alive is to get no calls; null for nothing. Maintenance comes last: where it is ours it goes with the others.</summary>
    private string? WhyDraining => _leaving ?? _stopping ?? _maintenance;

    /// <summary>Those of its members whose keys somebody else has.</summary>
    public IEnumerable<MemberKey> Occupied => _records.Occupied;

    /// <summary>Those of its members whose keys etcd refuses, so that nothing of this announcer's stands there.</summary>
    public IEnumerable<MemberKey> NeverWritten => _records.NeverWritten;

    /// <summary>How it is, for the program that takes this one's place; null before the first probe.</summary>
    public HandedServer? Health
    {
        get
        {
            lock (_lock)
            {
                return State is { } state && _health.Current is { } probe
                    ? new HandedServer([.. _server.Members.Select(static member => (member.Key, member.Uri))], new ServerHealth(probe with { Sign = _sign }, state, _told.Reason, _leaving, _maintenance))
                    : null;
            }
        }
    }

    /// <summary>Goes on with what the program before this one has found, until a probe finds something else. Only before <see cref="RunAsync"/>.</summary>
    /// <param name="handed">What it has left; null for nothing about this server.</param>
    public void Adopt(ServerHealth? handed)
    {
        if (handed is not null)
        {
            _health.Resume(handed.Probe);
            (_sign, _leaving, _maintenance) = (handed.Probe.Sign, handed.Leaving, handed.Maintenance);
            (State, _told) = (handed.State, (handed.State, handed.Reason));
            _records.Adopt(handed.State, handed.Reason);
        }
    }

    /// <summary>Probes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (_server.Probe is not { } probe)
        {
            Observe(new ProbeOutcome(ProbeVerdict.Alive, "not probed"));
            await Task.Delay(Timeout.InfiniteTimeSpan, _timeProvider, cancellationToken).ConfigureAwait(false);
            return;
        }

        await using var ending = cancellationToken.UnsafeRegister(static watch => ((HealthMonitor)watch!).ProbeNow(), this);
        while (true)
        {
            Heartbeat.Expect(_interval + (probe.Timeout > _interval ? probe.Timeout : _interval));
            var begun = _timeProvider.GetTimestamp();
            await ProbeAsync(probe, cancellationToken).ConfigureAwait(false);

            // A change that does not count yet is checked soon, but not in the same moment: two probes of one hiccup are one.
            var pause = (_health.IsInDoubt ? _interval / 2 : _interval) - _timeProvider.GetElapsedTime(begun);
            if (pause > TimeSpan.Zero)
            {
                await _pause.RestAsync(pause, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>What a probe throws says nothing of the server: it stays as it was.</summary>
    private async Task ProbeAsync(IProbe probe, CancellationToken cancellationToken)
    {
        try
        {
            var probing = probe.ProbeAsync(cancellationToken);
            await InheritMeanwhileAsync(probing, cancellationToken).ConfigureAwait(false);
            Observe(await probing.ConfigureAwait(false));
            _faults.Succeeded();
        }
        catch (Exception exception) when (LoopFaults.IsUnexpected(exception, cancellationToken))
        {
            await Task.Delay(_faults.Failed(exception), _timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>While the first probe lasts nobody knows better than the one who probed last, and was killed.</summary>
    private async Task InheritMeanwhileAsync(Task probing, CancellationToken cancellationToken)
    {
        while (State is null && !probing.IsCompleted && !cancellationToken.IsCancellationRequested)
        {
            await probing.WaitAsync(FirstProbeTime, _timeProvider, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!probing.IsCompleted && !cancellationToken.IsCancellationRequested)
            {
                _records.Inherit();
            }
        }
    }

    /// <summary>Probes again at once: something has happened to the server.</summary>
    public void ProbeNow() => _pause.End();

    public void Dispose() => _pause.Dispose();

    /// <summary>The server says by another way than the probe that it takes no new calls any more; null when it does again. Forgotten when it is dead.</summary>
    public void Leaves(string? reason) => Drain(ref _leaving, reason);

    /// <summary>The same of one that is in maintenance, and says so again and again.</summary>
    public void Maintains(string? reason) => Drain(ref _maintenance, reason);

    /// <summary>The announcer stops: what is alive takes no new calls from now on.</summary>
    public void Stop(string reason) => Drain(ref _stopping, reason);

    private void Drain(ref string? cause, string? reason)
    {
        lock (_lock)
        {
            cause = reason;
            Tell();
        }
    }

    private void Observe(ProbeOutcome outcome)
    {
        if (outcome.Verdict == ProbeVerdict.Unknown)
        {
            // Nobody has said that a new one is ready: it is told why it is not.
            var isNew = State is null && !_records.AreUnknown && !_records.AreInherited;
            if (!isNew)
            {
                _log.NotProbed(outcome.Reason);
            }

            if (State is not null || _records.AreUnknown)
            {
                return;
            }

            // One that is not may wait: a word on it would be one on the server, and so on those that are.
            if (_records.AreInherited)
            {
                _records.Inherit();
                return;
            }

            outcome = ProbeOutcome.Dead(outcome.Reason);
        }

        lock (_lock)
        {
            _sign = outcome.Sign;
            if (_health.Observe(outcome) is not { } now)
            {
                _log.TellRest();
                return;
            }

            if (now.Verdict == ProbeVerdict.Dead)
            {
                (_leaving, _maintenance) = (null, null);
            }

            Tell();
        }
    }

    private void Tell()
    {
        if (_health.Current is not { } current)
        {
            // What an earlier life of ours has left may say that it is ready: who leaves gets no calls, whatever a probe would find.
            _records.DrainInherited(WhyDraining, _log.Drained);
            return;
        }

        (MemberState State, string? Reason) now = (current.Verdict, WhyDraining) switch
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

        _records.Write(now.State, now.Reason);
        _told = now;
        State = now.State;
        _log.Changed(now.State, now.Reason ?? current.Reason);
        _changed();
    }
}

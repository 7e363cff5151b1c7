using System.Globalization;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Splits;

namespace KamRpcDispatcher.Operate;

/// <summary>Has the intents of members, or of proxies, be what an operator asks for: reads, decides, writes, and begins again where something has changed meanwhile.</summary>
public sealed class IntentWriter(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider)
{
    /// <summary>How often it is decided anew, before it is given up.</summary>
    internal const int MostTries = 5;

    private readonly OperatorViewReader _reader = new(store, keys, timeProvider);
    private readonly IntentTransaction _transaction = new(store, keys);
    private readonly HistoryStore _history = new(store, keys, timeProvider);

    /// <summary>How many intents are known to be written.</summary>
    public int Written { get; private set; }

    /// <summary>Whether more may be written, without an answer. Asking again does no harm then.</summary>
    public bool IsInDoubt { get; private set; }

    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses: <see cref="Written"/> and <see cref="IsInDoubt"/> say what is written.</exception>
    public async Task<IntentOutcome> WriteAsync(IntentCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        var run = new Run(command, timeProvider.GetUtcNow());
        try
        {
            return await WriteAsync(run, command, cancellationToken).ConfigureAwait(false);
        }
        catch (EtcdUnreachableException unreachable) when (EtcdFailure.IsRefusal(unreachable.InnerException))
        {
            var wasWriting = IsInDoubt;
            IsInDoubt = false;
            if (wasWriting && await _history.WhyForbiddenAsync(unreachable, keys.Intents, cancellationToken).ConfigureAwait(false) is { } why)
            {
                return run.End(IntentResult.Unrecorded, [why]);
            }

            throw;
        }
    }

    private async Task<IntentOutcome> WriteAsync(Run run, IntentCommand command, CancellationToken cancellationToken)
    {
        for (var failures = 0; failures < MostTries;)
        {
            var view = await _reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            var subjects = command.Selection.Find(command, view, out var errors);
            if (errors.Count > 0)
            {
                return run.End(IntentResult.Unknown, errors);
            }

            var writes = run.Compare(view, subjects);
            if (run.Unreadable(writes) is { Count: > 0 } unreadable)
            {
                return run.End(IntentResult.Unreadable, unreadable);
            }

            if (writes.Count == 0)
            {
                return run.End(command.IsDryRun ? IntentResult.Planned : IntentResult.Written, []);
            }

            IReadOnlyList<CountedKey>? counted = null;
            if (command is { Wish: IntentWish.Drain, IsForced: false })
            {
                var grounds = command.Selection.Check(command, view, [.. writes.Select(static write => write.Subject)]);
                if (grounds.Refusals.Count > 0)
                {
                    return run.End(IntentResult.BelowFloor, grounds.Refusals);
                }

                counted = grounds.Counted;
            }
            else if (command.Wish == IntentWish.Weigh && ListFit.RefusalsOfWeight(command, view, subjects) is { Count: > 0 } noRoom)
            {
                return run.End(IntentResult.NoRoom, noRoom);
            }

            if (command.IsDryRun)
            {
                run.WouldWrite(writes);
                return run.End(IntentResult.Planned, []) with { Forecast = await IntentForecast.OfAsync(new SplitWriter(store, keys, timeProvider), view, writes, cancellationToken).ConfigureAwait(false) };
            }

            IsInDoubt = true;
            var written = await _transaction.WriteAsync(writes, view.Revision, counted, taken => _history.Begin(run.Entry(taken)), cancellationToken).ConfigureAwait(false);
            IsInDoubt = written.IsInDoubt;
            if (written.Count > 0)
            {
                run.Wrote(writes.Take(written.Count), written);
                Written += written.Count;
                if (written.Count == writes.Count)
                {
                    return run.End(IntentResult.Written, []);
                }

                failures = 0;
            }
            else if (written.IsInDoubt)
            {
                // The next reading settles it.
                run.MayHaveWritten(writes, written.Entry);
            }
            else
            {
                failures++;
            }
        }

        return run.End(IntentResult.KeepsChanging, [$"what this rests on ({(command.Selection is ProxySelection ? "proxies and their intents" : "members or intents of these sets")}) changed each of the {MostTries} times before this could be written: the cluster keeps changing"]);
    }

    /// <summary>What one command has done so far.</summary>
    private sealed class Run(IntentCommand command, DateTimeOffset now)
    {
        private readonly SortedDictionary<IntentSubject, IntentChange> _changed = [];
        private readonly SortedDictionary<IntentSubject, IntentChange> _unchanged = [];
        private readonly Dictionary<IntentSubject, MemberBefore> _before = [];
        private readonly Dictionary<IntentSubject, int?> _weights = [];
        private readonly Dictionary<IntentSubject, string> _replaced = [];
        private readonly Dictionary<IntentSubject, ByteString?> _inDoubt = [];
        private readonly List<RecordedChange> _recorded = [];
        private IReadOnlyList<string> _unjudged = [];
        private IReadOnlyList<string> _withoutTable = [];

        /// <summary>What the history says of these.</summary>
        public HistoryEntry Entry(IReadOnlyList<IntentWrite> writes) => IntentHistory.Of(
            command,
            now,
            [.. writes.Select(static write => write.Subject)],
            IntentHistory.CountsOf(command.Wish == IntentWish.Weigh
                ? writes.Select(write => _weights[write.Subject] is { } weight ? weight.ToString(CultureInfo.InvariantCulture) : "none").Order(StringComparer.Ordinal)
                : writes.Select(write => _before[write.Subject]).Order().Select(MemberBeforeText.Of)));

        /// <summary>Whoever gives a weight keeps the drain, and so has to know whether there is one; each a sentence, safe to print.</summary>
        public IReadOnlyList<string> Unreadable(IReadOnlyList<IntentWrite> writes) => command.Wish != IntentWish.Weigh ? [] :
            [.. writes.Where(write => _replaced.ContainsKey(write.Subject)).Select(write => $"the intent of {write.Subject} cannot be read ({_replaced[write.Subject]}), so that nobody knows whether it is drained: 'kamrpc drain' or 'kamrpc resume' first")];

        /// <summary>What would be written by a command that is no dry run.</summary>
        public void WouldWrite(IReadOnlyList<IntentWrite> writes)
        {
            foreach (var write in writes)
            {
                _changed[write.Subject] = Change(write.Subject, _before[write.Subject], 0);
            }
        }

        /// <summary>What is still to be written, by key.</summary>
        public List<IntentWrite> Compare(OperatorView view, IReadOnlyList<IntentSubject> subjects)
        {
            var writes = new List<IntentWrite>();
            _unchanged.Clear();
            _unjudged = command.Selection.Unjudged(view);
            _withoutTable = command.Wish == IntentWish.Weigh ? WithoutTable(view, subjects) : [];
            foreach (var subject in subjects)
            {
                var stored = view.StoredOf(subject);
                _weights.TryAdd(subject, stored?.Intent?.Weight ?? view.Members.FirstOrDefault(announced => announced.Member.Key == subject.Member)?.Member.Weight);
                if (!IsAsAsked(stored))
                {
                    if (!_before.ContainsKey(subject))
                    {
                        _before[subject] = view.Before(subject);
                    }

                    Note(subject, stored);
                    writes.Add(new IntentWrite(subject, Value(subject, stored?.Intent), stored?.ModRevision ?? 0));
                }
                else if (!_changed.ContainsKey(subject))
                {
                    // Only that a deletion is done is to be seen, and not by which revision: no proxy reports a later one.
                    var isOurs = _inDoubt.TryGetValue(subject, out var value) && (value is null ? stored is null : stored is not null && value.Span.SequenceEqual(stored.Value.Span));
                    var change = Change(subject, isOurs ? _before[subject] : view.Before(subject), stored?.ModRevision ?? 0);
                    (isOurs ? _changed : _unchanged)[subject] = change;
                }
            }

            return writes;
        }

        public void Wrote(IEnumerable<IntentWrite> writes, IntentsWritten written)
        {
            _recorded.Add(written.Entry);
            foreach (var write in writes)
            {
                _changed[write.Subject] = Change(write.Subject, _before[write.Subject], written.Revision);
            }
        }

        /// <summary>Whoever finds it as it was to be written takes it for ours: the time in it tells it from another one's.</summary>
        public void MayHaveWritten(IEnumerable<IntentWrite> writes, RecordedChange entry)
        {
            _recorded.Add(entry);
            foreach (var write in writes)
            {
                _inDoubt[write.Subject] = write.Value;
            }
        }

        public IntentOutcome End(IntentResult result, IReadOnlyList<string> reasons) => new(result, [.. _changed.Values], [.. _unchanged.Values])
        {
            Reasons = reasons,
            Recorded = _recorded,
            Unjudged = _unjudged,
            Warnings = [.. _withoutTable, .. _replaced.Where(replaced => _changed.ContainsKey(replaced.Key)).Select(replaced => $"the intent of {replaced.Key} could not be read ({replaced.Value}), and was {(command.Wish == IntentWish.Drain ? "replaced" : "deleted")}")],
        };

        private static IReadOnlyList<string> WithoutTable(OperatorView view, IReadOnlyList<IntentSubject> subjects) =>
        [
            .. view.Proxies.Where(proxy => proxy.Status?.Splits is { HasTable: false } && subjects.Any(subject => proxy.MayServe(subject.Member.Set)))
                .Select(static proxy => $"the Kamailio of proxy {SafeText.Shorten(proxy.Name)} has no table for shares: there weights are attributes of destinations, and count under the weighted algorithms alone"),
        ];

        private IntentChange Change(IntentSubject subject, MemberBefore before, long revision) => new(subject, before, revision) { WeightBefore = _weights[subject] };

        private bool IsAsAsked(StoredIntent? stored) => command.Wish switch
        {
            // The drain of a rolling restart ends with that: this one is to stay.
            IntentWish.Drain => stored?.Intent is { IsDrained: true, IsOfRolling: false },
            IntentWish.Resume => stored is null or { Intent.IsDrained: false },
            _ => command.Weight is { } weight ? stored?.Intent?.Weight == weight : stored is null or { Intent: { Weight: null } },
        };

        private void Note(IntentSubject subject, StoredIntent? stored)
        {
            if (stored?.Error is { } error)
            {
                _replaced[subject] = error;
            }
        }

        /// <summary>Whatever else is wished stays: of a drain who wished it, and why. What was declared in a file is not as it says any more, and so nobody's but who changed it.</summary>
        private ByteString? Value(IntentSubject subject, Intent? intent)
        {
            var (isWeight, stays) = (command.Wish == IntentWish.Weigh, intent ?? new Intent(subject.Member));
            var wished = stays with { IsDrained = isWeight ? stays.IsDrained : command.Wish == IntentWish.Drain, Weight = isWeight ? command.Weight : stays.Weight, Owner = null };
            return IntentTransaction.ValueOf(isWeight && stays.IsDrained ? wished : wished with { By = command.By, At = now, Reason = command.Reason });
        }
    }
}

using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Sources.Records;

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
            var isForbidden = IsInDoubt && unreachable.InnerException is RpcException { StatusCode: StatusCode.PermissionDenied };
            IsInDoubt = false;
            if (isForbidden && await _history.WhyForbiddenAsync(keys.Intents, cancellationToken).ConfigureAwait(false) is { } why)
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
            if (writes.Count == 0)
            {
                return run.End(IntentResult.Written, []);
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
        private readonly Dictionary<IntentSubject, string> _replaced = [];
        private readonly Dictionary<IntentSubject, ByteString?> _inDoubt = [];
        private readonly List<RecordedChange> _recorded = [];
        private IReadOnlyList<string> _unjudged = [];

        /// <summary>What the history says of these.</summary>
        public HistoryEntry Entry(IReadOnlyList<IntentWrite> writes) => IntentHistory.Of(command, now, [.. writes.Select(write => (write.Subject, _before[write.Subject]))]);

        /// <summary>What is still to be written, by key.</summary>
        public List<IntentWrite> Compare(OperatorView view, IReadOnlyList<IntentSubject> subjects)
        {
            var writes = new List<IntentWrite>();
            _unchanged.Clear();
            _unjudged = command.Selection.Unjudged(view);
            foreach (var subject in subjects)
            {
                var stored = view.StoredOf(subject);
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
                    var change = new IntentChange(subject, isOurs ? _before[subject] : view.Before(subject), stored?.ModRevision ?? 0);
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
                _changed[write.Subject] = new IntentChange(write.Subject, _before[write.Subject], written.Revision);
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
            Warnings = [.. _replaced.Where(replaced => _changed.ContainsKey(replaced.Key)).Select(replaced => $"the intent of {replaced.Key} could not be read ({replaced.Value}), and was {(command.Wish == IntentWish.Drain ? "replaced" : "deleted")}")],
        };

        private bool IsAsAsked(StoredIntent? stored) => command.Wish == IntentWish.Drain
            ? stored?.Intent is { IsDrained: true }
            : stored is null or { Intent.IsDrained: false };

        private void Note(IntentSubject subject, StoredIntent? stored)
        {
            if (stored?.Error is { } error)
            {
                _replaced[subject] = error;
            }
        }

        /// <summary>Whatever else is wished stays.</summary>
        private ByteString? Value(IntentSubject subject, Intent? intent) => command.Wish == IntentWish.Resume && intent?.Weight is null
            ? null
            : ByteString.CopyFrom(IntentRecord.Write((intent ?? new Intent(subject.Member)) with { IsDrained = command.Wish == IntentWish.Drain, By = command.By, At = now, Reason = command.Reason }));
    }
}

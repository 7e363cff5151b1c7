using System.Globalization;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate;

/// <summary>What one command has done so far.</summary>
/// <param name="command">The command.</param>
/// <param name="now">When it was given.</param>
internal sealed class IntentRun(IntentCommand command, DateTimeOffset now)
{
    private readonly SortedDictionary<IntentSubject, IntentChange> _changed = [];
    private readonly SortedDictionary<IntentSubject, IntentChange> _unchanged = [];
    private readonly Dictionary<IntentSubject, MemberBefore> _before = [];
    private readonly Dictionary<IntentSubject, int?> _weights = [];

    /// <summary>What others had wished of those to whom something is written.</summary>
    private readonly Dictionary<IntentSubject, Intent> _earlier = [];
    private readonly Dictionary<IntentSubject, string> _replaced = [];
    private readonly Dictionary<IntentSubject, ByteString?> _inDoubt = [];
    private readonly List<RecordedChange> _recorded = [];
    private IReadOnlyList<string> _unjudged = [];
    private IReadOnlyList<string> _withoutTable = [];
    private IReadOnlyList<string> _emptied = [];

    /// <summary>What the history says of these.</summary>
    public HistoryEntry Entry(IReadOnlyList<IntentWrite> writes) => IntentHistory.Of(
        command,
        now,
        [.. writes.Select(static write => write.Subject)],
        IntentHistory.CountsOf(command.Wish == IntentWish.Weigh
            ? writes.Select(write => (_weights[write.Subject] is { } weight ? weight.ToString(CultureInfo.InvariantCulture) : "none") + ByOf(write.Subject)).Order(StringComparer.Ordinal)
            : writes.OrderBy(write => _before[write.Subject]).Select(write => MemberBeforeText.Of(_before[write.Subject]) + ByOf(write.Subject))));

    /// <summary>Whoever gives a weight keeps the drain, and so has to know whether there is one; each a sentence, safe to print.</summary>
    public IReadOnlyList<string> Unreadable(IReadOnlyList<IntentWrite> writes) => command.Wish != IntentWish.Weigh ? [] :
        [.. writes.Where(write => _replaced.ContainsKey(write.Subject)).Select(write => $"the intent of {write.Subject} cannot be read ({_replaced[write.Subject]}), so that nobody knows whether it is drained: 'kamrpc drain' or 'kamrpc resume' first")];

    /// <summary>Whose drains would be taken back that this operator has not given; each a sentence, safe to print. Nobody's is that does not say who gave it.</summary>
    public IReadOnlyList<string> GivenByOthers(OperatorView view, IReadOnlyList<IntentWrite> writes) => command is not { Wish: IntentWish.Resume, IsForced: false } ? [] :
    [
        .. writes.Select(write => (write.Subject, Drain: view.StoredOf(write.Subject)?.Intent)).Where(one => one.Drain is { IsDrained: true, By.Length: > 0 } drain && drain.By != command.By)
            .Select(one => $"{one.Subject} is drained {IntentOrigin.Of(one.Drain!)}: that drain is not yours ({IntentOrigin.Another(one.Drain!, command.By)}){(one.Drain!.IsOfRolling ? FormattableString.Invariant($", and 'kamrpc rollout abort {one.Subject.Member.Set}' takes it back with the rollout") : string.Empty)}"),
    ];

    /// <summary>Takes note of the values of splits that have a share and would have nobody ready any more.</summary>
    public void Drains(OperatorView view, IReadOnlyList<IntentWrite> writes)
    {
        var leaving = writes.Select(static write => write.Subject.Member).ToHashSet();
        _emptied =
        [
            .. from split in view.Splits.Values
               where leaving.Any(key => key.Set == split.Set)
               orderby split.Set
               let ready = view.Members.Where(announced => announced.Member.Key.Set == split.Set && announced.Member.State == MemberState.Ready && !view.IsDrained(announced.Member.Key)).ToList()
               from share in split.Shares
               where share.Value > 0
               let having = ready.FindAll(announced => split.ValueOf(announced.Member) == share.Key)
               where having.Count > 0 && having.TrueForAll(announced => leaving.Contains(announced.Member.Key))
               select string.Create(CultureInfo.InvariantCulture, $"nobody ready of set {split.Set} has {split.Label}={SafeText.Shorten(share.Key)} then, which has {SplitRecord.Text(share.Value)} % of the calls by its split: these go to the others"),
        ];
    }

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
                // As it was read last: that is what is replaced.
                _before[subject] = view.Before(subject);
                Note(subject, stored);
                writes.Add(new IntentWrite(subject, Value(subject, stored?.Intent), stored?.ModRevision ?? 0));
            }
            else if (!_changed.ContainsKey(subject))
            {
                // Only that a deletion is done is to be seen, and not by which revision: no proxy reports a later one.
                var isOurs = _inDoubt.TryGetValue(subject, out var value) && (value is null ? stored is null : stored is not null && value.Span.SequenceEqual(stored.Value.Span));
                if (!isOurs)
                {
                    _earlier.Remove(subject);
                }

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
        Warnings = [.. _withoutTable, .. _emptied, .. _replaced.Where(replaced => _changed.ContainsKey(replaced.Key)).Select(replaced => $"the intent of {replaced.Key} could not be read ({replaced.Value}), and {(command.IsDryRun ? "would be" : "was")} {(command.Wish == IntentWish.Drain ? "replaced" : "deleted")}")],
    };

    private static IReadOnlyList<string> WithoutTable(OperatorView view, IReadOnlyList<IntentSubject> subjects) =>
    [
        .. view.Proxies.Where(proxy => proxy.Status?.Splits is { HasTable: false } && subjects.Any(subject => proxy.MayServe(subject.Member.Set)))
            .Select(static proxy => $"the Kamailio of proxy {SafeText.Shorten(proxy.Name)} has no table for shares: there weights are attributes of destinations, and count under the weighted algorithms alone"),
    ];

    private IntentChange Change(IntentSubject subject, MemberBefore before, long revision) => new(subject, before, revision)
    {
        WeightBefore = _weights[subject], Earlier = _earlier.GetValueOrDefault(subject),
    };

    private bool IsAsAsked(StoredIntent? stored) => command.Wish switch
    {
        // The drain of a rolling restart ends with that, and another one's with his resume: this one is to stay. Who gives no reason has none against the one that he gave.
        IntentWish.Drain => stored?.Intent is { IsDrained: true, IsOfRolling: false } drain && drain.By == command.By && (command.Reason is null || command.Reason == drain.Reason),
        IntentWish.Resume => stored is null or { Intent.IsDrained: false },
        _ => command.Weight is { } weight ? stored?.Intent?.Weight == weight : stored is null or { Intent: { Weight: null } },
    };

    private void Note(IntentSubject subject, StoredIntent? stored)
    {
        if (stored?.Error is { } error)
        {
            _replaced[subject] = error;
        }

        var given = command.Wish != IntentWish.Weigh ? (stored?.Intent is { IsDrained: true } drain ? drain : null)
            : stored?.Intent is not { Weight: not null } weight ? null
            : !weight.IsDrained ? weight
            : weight.Weighed is not null ? weight.OfWeight()
            : null;
        if (given is not null && given.By != command.By)
        {
            _earlier[subject] = given;
        }
        else
        {
            _earlier.Remove(subject);
        }
    }

    private string ByOf(IntentSubject subject) => _earlier.TryGetValue(subject, out var earlier) ? " " + IntentOrigin.Of(earlier, withTime: false) : string.Empty;

    /// <summary>Whatever else is wished stays, with who wished it, and why. A weight that was declared together with a drain is not as that says any more, and so nobody's but who changed it.</summary>
    private ByteString? Value(IntentSubject subject, Intent? intent)
    {
        var stays = intent ?? new Intent(subject.Member);
        return IntentTransaction.ValueOf(command.Wish switch
        {
            IntentWish.Drain => stays.Drained(command.By, now, command.Reason),
            IntentWish.Resume => stays.Resumed(command.By, now, command.Reason),
            _ when stays.IsDrained => stays with { Weight = command.Weight, Owner = null, Weighed = command.Weight is null ? null : new WeightOrigin(command.By, now, command.Reason, null) },
            _ => stays with { Weight = command.Weight, By = command.By, At = now, Reason = command.Reason, Owner = null, Weighed = null },
        });
    }
}

using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources.Operators;

/// <summary>What operators wish where no etcd is used, in which they would say so: nothing, and that is known.</summary>
internal sealed class NoIntents : IOperatorSource<OperatorIntents>
{
    public OperatorIntents Current { get; } = OperatorIntents.Unknown with { IsFollowed = true };

    public Task RunAsync(Action changed, CancellationToken cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken);
}

/// <summary>
/// The numbers of classes where no etcd is used, in which proxies would agree on them: each proxy has its own, which stay as they are once they are given, and are saved with the
/// membership. There are no splits.
/// </summary>
internal sealed class OwnClassNumbers : IOperatorSource<OperatorShares>
{
    private readonly Lock _lock = new();
    private volatile OperatorShares _current = OperatorShares.Unknown with { IsFollowed = true };
    private Action _changed = static () => { };

    public OperatorShares Current => _current;

    /// <summary>Takes the numbers of before. Only before <see cref="RunAsync"/>.</summary>
    public void Seed(Membership before) => _current = _current with { Numbers = before.Shares?.Numbers ?? _current.Numbers };

    public Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        _changed = changed;
        return Task.Delay(Timeout.Infinite, cancellationToken);
    }

    /// <summary>Says which classes of which sets have no number: they get one, as long as there is any.</summary>
    public void Ask(IReadOnlyDictionary<int, ImmutableSortedSet<string>> unnumbered)
    {
        lock (_lock)
        {
            var numbers = _current.Numbers;
            var taken = numbers.Values.SelectMany(static set => set.Values).ToHashSet();
            var free = new Queue<int>(Enumerable.Range(1, ClassSets.Most).Where(number => !taken.Contains(number)).Take(unnumbered.Values.Sum(static classes => classes.Count)));
            foreach (var (set, classes) in unnumbered.OrderBy(static pair => pair.Key))
            {
                var known = numbers.GetValueOrDefault(set, ImmutableSortedDictionary.Create<string, int>(StringComparer.Ordinal));
                foreach (var name in classes.Where(name => !known.ContainsKey(name)))
                {
                    if (!free.TryDequeue(out var number))
                    {
                        break;
                    }

                    known = known.Add(name, number);
                }

                numbers = numbers.SetItem(set, known);
            }

            if (numbers.Values.Sum(static set => set.Count) == taken.Count)
            {
                return;
            }

            _current = _current with { Numbers = numbers };
        }

        _changed();
    }
}

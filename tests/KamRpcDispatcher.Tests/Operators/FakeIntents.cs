using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources.Operators;

namespace KamRpcDispatcher.Tests.Operators;

/// <summary>Intents that the test sets.</summary>
internal sealed class FakeIntents : IOperatorSource<OperatorIntents>
{
    private Action _changed = static () => { };
    private volatile OperatorIntents? _current;

    public OperatorIntents? Current => _current;

    /// <summary>What breaks it at once; null for nothing.</summary>
    public Exception? Failure { get; init; }

    /// <summary>Intents that drain members of set 1.</summary>
    public static OperatorIntents Draining(long revision, params string[] names) => new(
        revision,
        names.Select(static name => new Intent(new MemberKey(1, name)) { IsDrained = true, By = "ops@host", Reason = "kernel update" }).ToDictionary(static intent => intent.Key),
        [])
    {
        IsFollowed = true,
    };

    public void Set(OperatorIntents intents)
    {
        _current = intents;
        _changed();
    }

    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        if (Failure is { } failure)
        {
            throw failure;
        }

        _changed = changed;
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }
}

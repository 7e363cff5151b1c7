namespace KamRpcDispatcher.Sources.Operators;

/// <summary>Where one kind of what operators wish comes from.</summary>
/// <typeparam name="T">All of it, at one revision.</typeparam>
internal interface IOperatorSource<out T>
    where T : class
{
    /// <summary>The newest; null until it has been read for the first time, or the store has refused to let it be read.</summary>
    T? Current { get; }

    /// <summary>Follows the store until cancelled, through every outage; <paramref name="changed"/> is called after each change of <see cref="Current"/>.</summary>
    Task RunAsync(Action changed, CancellationToken cancellationToken);
}

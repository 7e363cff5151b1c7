namespace KamRpcDispatcher.Sources.Operators;

/// <summary>Where operators' intents come from.</summary>
internal interface IIntentSource
{
    /// <summary>The newest intents; null until they have been read for the first time, or the store has refused to let them be read.</summary>
    OperatorIntents? Current { get; }

    /// <summary>Follows the store until cancelled, through every outage; <paramref name="changed"/> is called after each change of <see cref="Current"/>.</summary>
    Task RunAsync(Action changed, CancellationToken cancellationToken);
}

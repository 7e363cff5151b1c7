namespace KamRpcDispatcher.Sources;

/// <summary>Where the membership comes from.</summary>
public interface IMembershipSource
{
    /// <summary>The newest membership; null until the store has been read for the first time.</summary>
    Membership? Current { get; }

    /// <summary>Follows the store until cancelled, through every outage; <paramref name="changed"/> is called after each change of <see cref="Current"/>.</summary>
    Task RunAsync(Action changed, CancellationToken cancellationToken);
}

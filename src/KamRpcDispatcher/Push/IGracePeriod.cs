namespace KamRpcDispatcher.Push;

/// <summary>
/// The time after a structural change during which the next one could free the table that a SIP worker still reads: the second swap
/// frees what the first one replaced, and nothing in Kamailio up to 6.1 counts readers.
/// </summary>
public interface IGracePeriod
{
    /// <summary>A structural change was made, or may have been.</summary>
    void Begin();

    /// <summary>Completes when the next structural change may be made; at once where none was made lately.</summary>
    ValueTask WaitAsync(CancellationToken cancellationToken);
}

using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Telemetry;

/// <summary>
/// Kamailio's verdict on each destination, and of one that is disabled the last one before: Kamailio does not ping it meanwhile, and a drain is
/// no sign of ill health.
/// </summary>
internal sealed class VerdictHistory
{
    public const string Up = "up";
    public const string Trying = "trying";
    public const string Down = "down";
    public const string Unknown = "unknown";

    public static IReadOnlyList<string> All { get; } = [Up, Trying, Down, Unknown];

    private Dictionary<ListedKey, string> _verdicts = [];

    /// <summary>Takes note of a reading of the list.</summary>
    public void Observe(IReadOnlyList<ListedDestination> destinations)
    {
        var verdicts = new Dictionary<ListedKey, string>(destinations.Count);
        foreach (var entry in destinations)
        {
            var key = new ListedKey(entry.Set, entry.Uri);
            if (entry.State != ListedState.Disabled)
            {
                verdicts[key] = Now(entry.State);
            }
            else if (_verdicts.TryGetValue(key, out var before))
            {
                verdicts.TryAdd(key, before);
            }
        }

        Volatile.Write(ref _verdicts, verdicts);
    }

    /// <summary>Of a destination as it was listed.</summary>
    public string Of(ListedDestination entry) =>
        entry.State == ListedState.Disabled ? Volatile.Read(ref _verdicts).GetValueOrDefault(new ListedKey(entry.Set, entry.Uri), Unknown) : Now(entry.State);

    private static string Now(ListedState state) => state switch
    {
        ListedState.Active => Up,
        ListedState.Trying => Trying,
        _ => Down,
    };
}

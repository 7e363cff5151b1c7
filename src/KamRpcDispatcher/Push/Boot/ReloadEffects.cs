using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Push.Boot;

/// <summary>What a reload of the list that is kept would do beside what it is for.</summary>
/// <param name="keeper">Keeps the list.</param>
/// <param name="cluster">Our mark.</param>
/// <param name="owesOthers">Whether something of somebody else's is to be put back, of which a reload knows nothing.</param>
internal sealed class ReloadEffects(BootListKeeper keeper, string cluster, Func<bool> owesOthers)
{
    /// <summary>Why a reload would do harm, or could; null for no reason.</summary>
    public async Task<string?> WhyNotAsync(DispatcherTable table, CancellationToken cancellationToken)
    {
        var use = await keeper.FindUseAsync(table.Instance, cancellationToken).ConfigureAwait(false);
        if (use.Path is not { } path)
        {
            return $"which file Kamailio loads is not known ({use.WhyUnknown})";
        }

        if (use.IsStrict)
        {
            return "with ds_load_mode 1 one line that Kamailio cannot use keeps it from loading any, and from starting (#!define KAMRPC_LOAD_MODE 0)";
        }

        if (table.Unreadable.Count > 0 || owesOthers())
        {
            return table.Unreadable.Count > 0 ? "the list has entries that cannot be understood" : "something that others put there is to be put back";
        }

        if (table.Destinations.Any(static entry => entry.Calls > 0))
        {
            return "Kamailio counts the calls of its destinations (algorithm 10), and begins anew with a reload";
        }

        try
        {
            return keeper.IsKept(path) ? WhyNotForOthers(table) : $"Kamailio loads {use.Name}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message;
        }
    }

    /// <summary>A reload makes of what others put there what the file says of it.</summary>
    private string? WhyNotForOthers(DispatcherTable table)
    {
        List<BootListLine> lines = [.. keeper.ReadOthers()];
        if (lines.Exists(static line => line.IsBad))
        {
            return "the file has a line without a destination, which keeps Kamailio from loading any";
        }

        if (lines.Find(static line => HostName.In(line.Uri) is not null && (line.Flags & DestinationFlags.NoDns) == 0) is { } name)
        {
            return $"the list has a name of yours, {name.Uri}, which a reload resolves, and loses where it does not resolve just then";
        }

        foreach (var entry in Others(table))
        {
            var at = lines.FindIndex(line => line.IsAs(entry));
            if (at < 0)
            {
                return $"a reload would change or lose {entry.Uri} of set {entry.Set}, which is yours, and not in the file as it is listed";
            }

            lines.RemoveAt(at);
        }

        return lines is [var more, ..] ? $"a reload would load {more.Uri} of set {more.Set} too, which stands in the file and is not listed" : null;
    }

    /// <summary>Whether what is not ours is the same in two readings, states too.</summary>
    public bool HasSameOthers(DispatcherTable one, DispatcherTable other) => Others(one).SequenceEqual(Others(other));

    private IEnumerable<ListedDestination> Others(DispatcherTable table) => table.Destinations.Where(entry => !AttributeText.IsOwn(entry, cluster) && !Sentinel.Is(entry));
}

using System.Globalization;
using System.Text.Json.Nodes;

namespace KamRpcDispatcher.Testing;

/// <summary>The RPC commands: a method and its parameters to a result or an <see cref="RpcFault"/>. Not thread-safe.</summary>
internal sealed class FakeCommands(FakeKamailioOptions options, DispatcherTable table)
{
    private readonly Version _version = Version.Parse(options.Version);
    private DateTimeOffset _upSince = options.TimeProvider.GetUtcNow();
    private long? _lastStructuralSecond;
    private readonly FakeHashTable _hashTable = new(options.HasShares ? ["kamrpc", "kamrpc_shares"] : ["kamrpc"]);
    private bool _isReferenceKept;

    /// <summary>Whether the last command never returns, see <see cref="FakeKamailioOptions.CountsReaders"/>.</summary>
    public bool IsStuck { get; private set; }

    /// <summary>Adds and removes that were executed, also those that changed nothing: each of them swaps the table.</summary>
    public int StructuralChanges { get; private set; }

    /// <exception cref="RpcFault">Kamailio's answer is a fault.</exception>
    public JsonNode? Execute(string method, RpcArguments arguments) => method switch
    {
        "dispatcher.list" => DispatcherListing.Of(table),
        "dispatcher.add" => Add(arguments),
        "dispatcher.remove" => Remove(arguments),
        "dispatcher.set_state" => SetState(arguments),
        "dispatcher.set_duid_state" => SetDuidState(arguments),
        "dispatcher.reload" => Reload(),
        "core.version" => $"kamailio {options.Version} (x86_64/linux) ",
        "core.uptime" => Uptime(),
        "core.echo" => new JsonArray([.. Enumerable.Range(0, arguments.Count).Select(index => (JsonNode)arguments.Text(index))]),
        "core.psx" => Processes(),
        "htable.get" or "htable.sets" or "htable.delete" => _hashTable.Execute(method, arguments),
        _ => throw new RpcFault("Method Not Found"),
    };

    /// <summary>
    /// What a restart does. up_since has whole seconds; it moves by one at least, where a restart within the same
    /// second would show none.
    /// </summary>
    public void Restart()
    {
        var now = options.TimeProvider.GetUtcNow();
        _upSince = Seconds(now) > Seconds(_upSince) ? now : _upSince.AddSeconds(1);
        _lastStructuralSecond = null;
        (_isReferenceKept, IsStuck) = (false, false);
        table.Reload();
        _hashTable.Clear();
    }

    private JsonNode Add(RpcArguments arguments)
    {
        EnterReloadWindow();
        var set = arguments.Integer(0);
        var address = arguments.String(1);
        var flags = arguments.IntegerOr(2, 0);
        var priority = _version >= new Version(5, 6) ? arguments.IntegerOr(3, 0) : 0;
        var attrs = _version >= new Version(5, 6) ? arguments.StringOrNull(4)
            : _version >= new Version(5, 4) ? arguments.StringOrNull(3)
            : null;
        if (!table.Add(set, address, flags, priority, attrs, anyway: options.LoadMode == 0) && options.LoadMode != 0)
        {
            _isReferenceKept = options.CountsReaders;
            throw new RpcFault("Adding dispatcher dst failed");
        }

        Swapped();
        return "Ok. Dispatcher destination added.";
    }

    private JsonNode Remove(RpcArguments arguments)
    {
        EnterReloadWindow();
        if (!table.Remove(arguments.Integer(0), arguments.String(1)))
        {
            throw new RpcFault("Removing dispatcher dst failed");
        }

        Swapped();
        return "Ok. Dispatcher destination removed.";
    }

    private JsonNode SetState(RpcArguments arguments)
    {
        var (state, set, address) = (arguments.Text(0), arguments.Integer(1), arguments.String(2));
        return table.SetState(set, address, DestinationFlags.FromState(state))
            ? "Ok. Dispatcher state updated."
            : throw new RpcFault("State Update Failed");
    }

    private JsonNode SetDuidState(RpcArguments arguments)
    {
        var (state, set, duid) = (arguments.Text(0), arguments.Integer(1), arguments.String(2));
        return table.SetDuidState(set, duid, DestinationFlags.FromState(state))
            ? "Ok. Dispatcher state updated."
            : throw new RpcFault("State Update Failed");
    }

    private JsonNode Reload()
    {
        EnterReloadWindow();
        table.Reload();
        IsStuck = _isReferenceKept;
        return "Ok. Dispatcher successfully reloaded.";
    }

    /// <summary>The new table is in force; the old one is waited for until nobody has a reference to it.</summary>
    private void Swapped()
    {
        StructuralChanges++;
        IsStuck = _isReferenceKept;
    }

    /// <summary>A call that is then rejected for its parameters has used up the window too.</summary>
    private void EnterReloadWindow()
    {
        var now = Seconds(options.TimeProvider.GetUtcNow());
        if (now < _lastStructuralSecond + (long)options.ReloadDelta.TotalSeconds)
        {
            throw new RpcFault("Ongoing reload");
        }

        _lastStructuralSecond = now;
    }

    private JsonObject Uptime()
    {
        var now = options.TimeProvider.GetUtcNow();
        return new JsonObject
        {
            ["now"] = Date(now),
            ["up_since"] = Date(_upSince),
            ["uptime"] = Math.Max(0, Seconds(now) - Seconds(_upSince)),
        };
    }

    private JsonArray Processes() => new([.. options.Processes.Select((process, index) => new JsonObject
    {
        ["IDX"] = index,
        ["PID"] = process.Pid,
        ["DSC"] = process.Description,
    })]);

    private static long Seconds(DateTimeOffset time) => time.ToUnixTimeSeconds();

    /// <summary>The form of ctime(3): the day padded with a blank.</summary>
    private static string Date(DateTimeOffset time) => string.Format(
        CultureInfo.InvariantCulture, "{0:ddd MMM} {1,2} {0:HH:mm:ss yyyy}", time, time.Day);
}

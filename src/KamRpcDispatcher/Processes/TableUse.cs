namespace KamRpcDispatcher.Processes;

/// <summary>
/// What Kamailio's configuration lets happen inside the functions that hold the dispatcher's table, beside what they do themselves
/// (<c>RestRules</c> has the list). What is not known counts as true.
/// </summary>
/// <param name="RunsScripts">
/// Routes or code of others run inside: <c>event_route[dispatcher:dst-up]</c> and <c>[dst-down]</c> or the KEMI callback, which
/// <c>ds_update_state</c> runs in whatever process takes a ping's reply or calls <c>ds_mark_dst()</c>; or a variable of more than memory in
/// <c>hash_pvar</c>, <c>setid_pvname</c>, <c>attrs_pvname</c> or a log prefix that is evaluated for each line.
/// </param>
/// <param name="ResolvesNames">
/// <c>ds_is_from_list()</c> resolves the names of the table each time (<c>ds_dns_mode</c> 2), or workers run commands that do (JSON-RPC over
/// HTTP, <c>jsonrpc_exec()</c>, <c>ds_reload()</c>; scripts in another language, which nobody reads here, may).
/// </param>
/// <param name="LogsOverNetwork">Log lines go out on an internet socket (<c>log_custom</c>), so that a send proves nothing.</param>
/// <param name="IsReadInEventRoutes">Other event routes may call the dispatcher's functions: of dialogs, locations, own requests, closed connections.</param>
internal sealed record TableUse(bool RunsScripts, bool ResolvesNames, bool LogsOverNetwork, bool IsReadInEventRoutes)
{
    /// <summary>The configuration is not known.</summary>
    public static TableUse Unknown { get; } = new(true, true, true, true) { SweepsInSecondaryTimer = true };

    /// <summary>The module's timers run in the core's secondary timer (<c>ds_timer_mode</c> 1, <c>ds_dns_mode</c> with a refresh of its own).</summary>
    public bool SweepsInSecondaryTimer { get; init; }

    /// <summary>Whether those functions make no system calls but for locks, memory and log lines.</summary>
    public bool IsPlain => !RunsScripts && !ResolvesNames && !LogsOverNetwork;
}

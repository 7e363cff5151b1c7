using System.Text.Json;
using KamailioRpc.Commands.Reading;
using KamailioRpc.Errors;

namespace KamailioRpc.Commands;

/// <summary>The commands of Kamailio's core, dispatcher and dialog modules that are used here, with typed arguments and results.</summary>
/// <remarks>Each throws what <see cref="IRpcClient.InvokeAsync"/> throws, and <see cref="KamailioMalformedReplyException"/> for a result of another shape.</remarks>
public static class KamailioCommands
{
    private const string NoDestinations = "No Destination Sets";

    extension(IRpcClient client)
    {
        /// <summary><c>core.echo</c>: whether Kamailio answers.</summary>
        public Task EchoAsync(CancellationToken cancellationToken) => client.InvokeAsync("core.echo", [], cancellationToken);

        /// <summary><c>core.version</c>.</summary>
        public async Task<KamailioVersion> GetVersionAsync(CancellationToken cancellationToken) =>
            KamailioVersion.Read((await client.InvokeAsync("core.version", [], cancellationToken).ConfigureAwait(false)).ToText());

        /// <summary><c>core.arg</c>: the command line that Kamailio was started with.</summary>
        public async Task<IReadOnlyList<string>> ListArgumentsAsync(CancellationToken cancellationToken) =>
            ResultReader.ReadList(await client.InvokeAsync("core.arg", [], cancellationToken).ConfigureAwait(false), "core.arg", RequiredText);

        /// <summary><c>core.uptime</c>.</summary>
        public async Task<KamailioUptime> GetUptimeAsync(CancellationToken cancellationToken) =>
            ResultReader.ReadObject(
                await client.InvokeAsync("core.uptime", [], cancellationToken).ConfigureAwait(false),
                "core.uptime",
                static uptime => new KamailioUptime(
                    uptime.GetProperty("now").GetString() ?? string.Empty,
                    uptime.GetProperty("up_since").GetString() ?? string.Empty,
                    TimeSpan.FromSeconds(uptime.GetProperty("uptime").GetInt64())));

        /// <summary><c>core.psx</c>: Kamailio's processes. Right after a start it may not list all of them.</summary>
        public async Task<IReadOnlyList<KamailioProcess>> ListProcessesAsync(CancellationToken cancellationToken) =>
            ResultReader.ReadList(
                await client.InvokeAsync("core.psx", [], cancellationToken).ConfigureAwait(false),
                "core.psx",
                static process => new KamailioProcess(process.GetProperty("PID").GetInt32(), RequiredText(process.GetProperty("DSC"))));

        /// <summary><c>core.modules</c>: the names of the modules that are loaded.</summary>
        public async Task<IReadOnlyList<string>> ListModulesAsync(CancellationToken cancellationToken) =>
            ResultReader.ReadList(await client.InvokeAsync("core.modules", [], cancellationToken).ConfigureAwait(false), "core.modules", RequiredText);

        /// <summary><c>core.shmmem</c>: shared memory, in bytes.</summary>
        public async Task<SharedMemory> GetSharedMemoryAsync(CancellationToken cancellationToken) =>
            ResultReader.ReadObject(
                await client.InvokeAsync("core.shmmem", [], cancellationToken).ConfigureAwait(false),
                "core.shmmem",
                static sizes => new SharedMemory(
                    Size(sizes, "total"),
                    Size(sizes, "free"),
                    Size(sizes, "used"),
                    Size(sizes, "real_used"),
                    Size(sizes, "max_used"),
                    Size(sizes, "fragments")));

        /// <summary><c>modparam.getn</c> (6.1 and later): the value of a module's parameter that is a number; null where Kamailio does not tell.</summary>
        public async Task<int?> GetModuleParameterAsync(string module, string parameter, CancellationToken cancellationToken)
        {
            try
            {
                return ResultReader.ReadObject(
                    await client.InvokeAsync("modparam.getn", [module, parameter], cancellationToken).ConfigureAwait(false),
                    "modparam.getn",
                    static answer => answer.GetProperty("value").GetInt32());
            }
            catch (KamailioFaultException)
            {
                return null;
            }
        }

        /// <summary>
        /// <c>dispatcher.list</c>, in Kamailio's order. An empty table, which Kamailio answers with a fault, is an empty list. An entry that
        /// cannot be understood costs no other: it is named in <see cref="DispatcherList.Unreadable"/>.
        /// </summary>
        public async Task<DispatcherList> ListDestinationsAsync(ListMode mode, CancellationToken cancellationToken)
        {
            try
            {
                return DispatcherListReader.Read(await client.InvokeAsync("dispatcher.list", Arguments(mode), cancellationToken).ConfigureAwait(false));
            }
            catch (KamailioFaultException fault) when (fault.FaultMessage.Contains(NoDestinations, StringComparison.OrdinalIgnoreCase))
            {
                return DispatcherList.Empty;
            }
        }

        /// <summary>
        /// <c>dispatcher.add</c>, with the arguments that the release takes. That it succeeds proves nothing where <c>ds_load_mode</c> is 0: read
        /// the list. Two structural changes too close to each other crash Kamailio up to 6.1.
        /// </summary>
        /// <param name="version">What <see cref="GetVersionAsync"/> said.</param>
        /// <param name="set">The set's number.</param>
        /// <param name="uri">The SIP URI.</param>
        /// <param name="flags">1 inactive, 2 trying, 4 disabled, 8 probing, 16 no DNS.</param>
        /// <param name="priority">Not before 5.6.</param>
        /// <param name="attributes">Not before 5.4.</param>
        /// <param name="cancellationToken">Ends the wait, not what Kamailio does.</param>
        public Task AddDestinationAsync(KamailioVersion version, int set, string uri, int flags, int priority, string attributes, CancellationToken cancellationToken)
        {
            object?[] arguments = version switch
            {
                { HasPriorities: true } => [set, uri, flags, priority, attributes],
                { HasAttributes: true } => [set, uri, flags, attributes],
                _ => [set, uri, flags],
            };
            return client.InvokeAsync("dispatcher.add", arguments, cancellationToken);
        }

        /// <summary>
        /// <c>dispatcher.remove</c>: every copy of the URI in the set. One that is not there is no error, and costs memory. A host name that does
        /// not resolve crashes Kamailio before 5.6.2 (#3199): there it is looked up first, and never sent when it is not found.
        /// </summary>
        /// <exception cref="KamailioUnsafeRequestException">It would crash this Kamailio; nothing was sent.</exception>
        public async Task RemoveDestinationAsync(int set, string uri, CancellationToken cancellationToken)
        {
            await RemovalGuard.CheckAsync(client, uri, cancellationToken).ConfigureAwait(false);
            await client.InvokeAsync("dispatcher.remove", [set, uri], cancellationToken).ConfigureAwait(false);
        }

        /// <summary>
        /// <c>dispatcher.reload</c>: loads the list anew, from the file or the database of the configuration; whatever was added over RPC and does not stand there is gone.
        /// "Ongoing reload" within <c>reload_delta</c> of the last change.
        /// </summary>
        public Task ReloadDestinationsAsync(CancellationToken cancellationToken) => client.InvokeAsync("dispatcher.reload", [], cancellationToken);

        /// <summary><c>dispatcher.set_state</c>, of the first copy of the URI in the set, whatever the case of its letters.</summary>
        public Task SetDestinationStateAsync(DestinationState state, bool isProbed, int set, string uri, CancellationToken cancellationToken) =>
            client.InvokeAsync("dispatcher.set_state", [Letters(state, isProbed), set, uri], cancellationToken);

        /// <summary><c>dispatcher.set_duid_state</c> (5.4 and later), of the first destination in the set with that <c>duid</c> in its attributes.</summary>
        public Task SetDuidStateAsync(DestinationState state, bool isProbed, int set, string duid, CancellationToken cancellationToken) =>
            client.InvokeAsync("dispatcher.set_duid_state", [Letters(state, isProbed), set, duid], cancellationToken);

        /// <summary><c>dlg.stats_active</c>: the calls that the dialog module has.</summary>
        public async Task<DialogCounters> GetDialogCountersAsync(CancellationToken cancellationToken) =>
            ResultReader.ReadObject(
                await client.InvokeAsync("dlg.stats_active", [], cancellationToken).ConfigureAwait(false),
                "dlg.stats_active",
                static counters => new DialogCounters(
                    counters.GetProperty("starting").GetInt32(),
                    counters.GetProperty("connecting").GetInt32(),
                    counters.GetProperty("answering").GetInt32(),
                    counters.GetProperty("ongoing").GetInt32(),
                    counters.GetProperty("all").GetInt32()));

        /// <summary><c>dlg.profile_get_size</c>: the calls in a profile of the dialog module, or in one value of it.</summary>
        public async Task<int> GetDialogProfileSizeAsync(string profile, string? value, CancellationToken cancellationToken)
        {
            var size = (await client.InvokeAsync("dlg.profile_get_size", value is null ? [profile] : [profile, value], cancellationToken).ConfigureAwait(false)).ToElement();
            return size.ValueKind == JsonValueKind.Number && size.TryGetInt32(out var number)
                ? number
                : throw new KamailioMalformedReplyException("the answer to dlg.profile_get_size is no number");
        }
    }

    private static string Letters(DestinationState state, bool isProbed)
    {
        var letter = state switch
        {
            DestinationState.Active => "a",
            DestinationState.Inactive => "i",
            DestinationState.Disabled => "d",
            DestinationState.Trying => "t",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "There is no such state."),
        };
        return isProbed ? letter + "p" : letter;
    }

    private static object?[] Arguments(ListMode mode) => mode switch
    {
        ListMode.Brief => ["short"],
        ListMode.Full => ["full"],
        _ => [],
    };

    /// <summary>Releases up to 5.6 send 32 bits, which look negative from 2 GiB on.</summary>
    private static long Size(JsonElement sizes, string name) => sizes.GetProperty(name).GetInt64() is var size && size < 0 ? size + (1L << 32) : size;

    private static string RequiredText(JsonElement text) =>
        text.ValueKind == JsonValueKind.String ? text.GetString()! : throw new InvalidOperationException("It is no text.");
}

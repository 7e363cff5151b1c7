using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Doctor.Observations.Calls;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Doctor.Observations.Host;
using KamRpcDispatcher.Doctor.Observations.Sockets;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using KamRpcDispatcher.Push.Shares;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Examines one Kamailio: one call at a time, none of which changes anything.</summary>
/// <param name="options">How to call it.</param>
/// <param name="configFile">Its configuration; null for the one that it names.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class KamailioObserver(RpcClientOptions options, string? configFile, TimeProvider timeProvider)
{
    /// <summary>What ctl answers when a list does not fit into its buffers.</summary>
    private const string NoRoom = "Internal error";

    private static readonly Mark NoMark = new(string.Empty, string.Empty, 0, string.Empty);

    /// <param name="address">Null when none answers.</param>
    /// <param name="failures">What was tried before.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<KamailioObservation> ObserveAsync(KamailioAddress? address, IReadOnlyList<string> failures, CancellationToken cancellationToken)
    {
        var observation = new KamailioObservation
        {
            Address = address,
            Failures = failures,
            Sockets = SocketFinder.Find(address, null, null),
            Examiner = Credentials.Own,
            Closed = Closed(address),
        };
        if (address is null)
        {
            return observation with { Running = HostObserver.Observe(null, null, configFile) };
        }

        var (holder, lockPid) = LockTable.Read(address);
        observation = observation with { LockHolder = holder, LockPid = lockPid, StoppedHolder = Stopped(lockPid) };

        await using var client = new RecordingClient(new RpcClient(address, options));
        var isSilent = false;
        var reply = await Answers.TryAsync(async () =>
        {
            try
            {
                // Once for the connection, and once for the time.
                await client.EchoAsync(cancellationToken).ConfigureAwait(false);
                var begun = timeProvider.GetTimestamp();
                await client.EchoAsync(cancellationToken).ConfigureAwait(false);
                return timeProvider.GetElapsedTime(begun);
            }
            catch (KamailioTimeoutException)
            {
                isSilent = true;
                throw;
            }
        }).ConfigureAwait(false);

        // By now the client has made the directory, if it could.
        observation = observation with { Reply = reply, Replies = Files.Replies(address, options.ReplyDirectory), IsSilent = isSilent };
        return reply.Try(out _, out _) ? await ObserveAsync(client, observation, cancellationToken).ConfigureAwait(false) : ObserveFromHost(observation, address);
    }

    private static int? Stopped(int? pid) => pid is > 0 and var process && ProcessState.IsStopped(ProcessState.Of(process)) ? process : null;

    /// <summary>The directory that keeps this user from its socket, or from one of the usual ones.</summary>
    private static FileRights? Closed(KamailioAddress? address) => address is not null
        ? address.Path is { } path ? Files.Closed(path) : null
        : KamailioDiscovery.Directories.Select(static directory => Files.Closed(directory + "/.")).FirstOrDefault(static closed => closed is not null);

    /// <summary>What can be seen of one that does not answer.</summary>
    private KamailioObservation ObserveFromHost(KamailioObservation observation, KamailioAddress address)
    {
        var running = HostObserver.Observe(address, RepliesTo(address), configFile);
        return observation with
        {
            Running = running,
            RepliesTo = RepliesTo(address),
            Replies = observation.Replies is { } replies && running.Try(out var kamailios, out _) && kamailios is [{ User: var user }]
                ? replies with { Kamailio = user }
                : observation.Replies,
        };
    }

    private string? RepliesTo(KamailioAddress address) => address.Transport switch
    {
        RpcTransport.UnixDatagram => options.ReplyDirectory,
        RpcTransport.Fifo => options.FifoReplyDirectory,
        _ => null,
    };

    private async Task<KamailioObservation> ObserveAsync(RecordingClient client, KamailioObservation observation, CancellationToken cancellationToken)
    {
        var version = await Answers.TryAsync(() => client.GetVersionAsync(cancellationToken)).ConfigureAwait(false);
        var modules = await Answers.TryAsync(() => client.ListModulesAsync(cancellationToken)).ConfigureAwait(false);
        var processes = await Answers.TryAsync(() => client.ListProcessesAsync(cancellationToken)).ConfigureAwait(false);
        var before = timeProvider.GetUtcNow();
        var uptime = await Answers.TryAsync(() => client.GetUptimeAsync(cancellationToken)).ConfigureAwait(false);
        var after = timeProvider.GetUtcNow();
        var defines = await Answers.DefinesAsync(client, cancellationToken).ConfigureAwait(false);
        var commandLine = CommandLine.Read(await Answers.TextsAsync(client, "core.arg", cancellationToken).ConfigureAwait(false));
        var directories = await Answers.TextsAsync(client, "core.pwd", cancellationToken).ConfigureAwait(false);
        if (processes.Try(out var running, out _) && ConfigFiles.StartDirectory(running) is { } startDirectory)
        {
            directories = [startDirectory, .. directories];
        }

        // Up to a second more, since both are whole ones.
        DateTimeOffset? started = uptime.Try(out var up, out _) ? after - up.Uptime + TimeSpan.FromSeconds(1) : null;
        var config = ConfigFiles.Read(configFile, commandLine, directories, defines, started, KamailioRoot.Of(running));
        var parameters = new ParameterSource(client, config, version.Try(out var known, out _) ? known : null);
        var mark = await Answers.TryAsync(async () => await new MarkTable(client).ReadAsync(cancellationToken).ConfigureAwait(false) ?? NoMark).ConfigureAwait(false);
        var view = processes.Try(out running, out var trouble) ? RestObserver.View(running) : Observed<IProcessView>.Not(trouble);
        var sockets = SocketFinder.Find(client.Address, commandLine, config.Try(out var read, out _) ? read : null);
        var list = await ListAsync(client, sockets, cancellationToken).ConfigureAwait(false);
        var names = list.Try(out var listed, out _) ? listed.Destinations.Select(static destination => HostLookup.Name(destination.Uri)).OfType<string>() : [];
        return observation with
        {
            Version = version,
            VersionText = client.Answer("core.version")?.ToText().Trim(),
            Modules = modules,

            // An object, since a list of texts has no line breaks either way.
            IsPretty = client.Answer("core.uptime") is { } answer ? answer.Json.Span.Contains((byte)'\n') : Observed<bool>.Not("core.uptime was not answered"),
            Processes = processes,
            ProcessView = view.Try(out var eye, out trouble) ? eye.Name : Observed<string>.Not(trouble),
            CapabilitySetting = eye is null && running is [{ Pid: var first }, ..] ? Capabilities.Setting(Capabilities.Missing(first)) : null,
            Restless = eye is not null && running is not null ? await RestObserver.RestlessAsync(eye, running, timeProvider, cancellationToken).ConfigureAwait(false) : [],
            Stopped = running is not null ? await StoppedProcesses.FindAsync(running, timeProvider, cancellationToken).ConfigureAwait(false) : [],
            Memory = await Answers.TryAsync(() => client.GetSharedMemoryAsync(cancellationToken)).ConfigureAwait(false),
            Listens = await Answers.TryAsync(() => client.ListSocketsAsync(cancellationToken)).ConfigureAwait(false),
            List = list,
            UnresolvedNames = await HostLookup.UnresolvedAsync(names, cancellationToken).ConfigureAwait(false),
            Mark = mark.Try(out var left, out trouble) ? left.Holder : Observed<string>.Not(trouble),
            Shares = await Answers.TryAsync(async () => new ShareTables(
                (await new ShareTable(client).ReadAsync(0, cancellationToken).ConfigureAwait(false)).HasTable,
                (await new CallTable(client).ReadAsync(default, cancellationToken).ConfigureAwait(false)).HasTable)).ConfigureAwait(false),
            HasMarkerEnded = left is not null && Machine.HasEnded(left.Place, left.Pid),
            StoppedHolder = observation.StoppedHolder ?? Stopped(left is not null && left.Place == Machine.Place ? left.Pid : null),
            User = eye is not null && running?.FirstOrDefault(static process => process.IsMain) is { } main ? Credentials.Of(main.Pid) : null,
            Clock = uptime.Try(out up, out trouble) ? LocalClock.Read(up.Now, before, after) : Observed<ClockReading>.Not(trouble),
            ReloadDelta = await parameters.ReadAsync("dispatcher", "reload_delta", 5, cancellationToken).ConfigureAwait(false),
            LoadMode = await parameters.ReadAsync("dispatcher", "ds_load_mode", 0, cancellationToken).ConfigureAwait(false),
            HasBootList = config.Try(out var parsed, out _) && ListFileReader.IsKept(parsed, KamailioRoot.Of(running)),
            Transport = await parameters.ReadAsync("jsonrpcs", "transport", 6, cancellationToken).ConfigureAwait(false),
            BinrpcStructure = await parameters.ReadAsync("ctl", "binrpc_struct_max_body_size", 8, cancellationToken, unit: 1024).ConfigureAwait(false),
            CallSlots = await parameters.ReadAsync("dispatcher", "ds_hash_size", 0, cancellationToken).ConfigureAwait(false),
            Config = config,
            Algorithm = Answers.Define(defines, "KAMRPC_ALG"),
            PingCodes = Answers.Define(defines, "KAMRPC_PING_CODES"),
            FailoverCodes = Answers.Define(defines, "KAMRPC_FAILOVER_CODES"),
            Sockets = sockets,
        };
    }

    private async Task<Observed<ListReply>> ListAsync(RecordingClient client, IReadOnlyList<RpcSocket> sockets, CancellationToken cancellationToken)
    {
        var list = await ListAsync(client, cancellationToken).ConfigureAwait(false);
        if (!list.Try(out var reply, out _) || reply.TooLong is null)
        {
            return list;
        }

        // As the dispatcher does with a list that does not fit into a datagram.
        foreach (var address in sockets.OrderBy(static socket => socket.Kind != SocketKind.JsonFifo).Select(ForLongReplies).OfType<KamailioAddress>().Where(other => other != client.Address))
        {
            await using var other = new RpcClient(address, options);
            if ((await Answers.TryAsync(() => other.ListDestinationsAsync(ListMode.Normal, cancellationToken)).ConfigureAwait(false)).Try(out var whole, out _))
            {
                return reply with { Destinations = whole, ReadOver = address };
            }
        }

        return list;
    }

    private static KamailioAddress? ForLongReplies(RpcSocket socket) =>
        socket is { File: not null, Kind: SocketKind.JsonFifo or SocketKind.Ctl }
        && KamailioAddress.TryParse((socket.Kind == SocketKind.JsonFifo ? "jsonrpc+fifo:" : "binrpc+unix:") + socket.Name, out var address, out _) ? address : null;

    private static async Task<Observed<ListReply>> ListAsync(RecordingClient client, CancellationToken cancellationToken)
    {
        try
        {
            var list = await client.ListDestinationsAsync(ListMode.Normal, cancellationToken).ConfigureAwait(false);
            return new ListReply(list, list.Count == 0 ? 0 : client.Answer("dispatcher.list")?.Json.Length ?? 0);
        }
        catch (KamailioTimeoutException timeout) when (client.Address.DropsLongReplies)
        {
            // A Kamailio that answers this lives: it has dropped the list.
            return (await Answers.TryAsync(async () => await client.InvokeAsync("core.echo", [], cancellationToken).ConfigureAwait(false)).ConfigureAwait(false)).Try(out _, out var trouble)
                ? new ListReply([], 0) { TooLong = timeout.Message }
                : Observed<ListReply>.Not(trouble);
        }
        catch (KamailioFaultException fault) when (client.Address.Protocol == RpcProtocol.BinRpc && fault.FaultMessage.StartsWith(NoRoom, StringComparison.Ordinal))
        {
            return new ListReply([], 0) { TooLong = fault.Message };
        }
        catch (KamailioRpcException exception)
        {
            return Observed<ListReply>.Not(new Trouble(exception.Message, Causes.List));
        }
    }
}

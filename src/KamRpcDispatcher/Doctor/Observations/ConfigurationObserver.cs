using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Observations.Calls;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Doctor.Observations.Sockets;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Reads how one Kamailio is configured, by a dozen short calls: neither its list, nor its processes at work, nor names are checked.</summary>
/// <param name="options">How to call it.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class ConfigurationObserver(RpcClientOptions options, TimeProvider timeProvider)
{
    /// <param name="address">Where it answers.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<KamailioObservation> ObserveAsync(KamailioAddress address, CancellationToken cancellationToken)
    {
        await using var client = new RecordingClient(new RpcClient(address, options));
        var begun = timeProvider.GetTimestamp();
        var reply = await Answers.TryAsync(async () =>
        {
            await client.EchoAsync(cancellationToken).ConfigureAwait(false);
            return timeProvider.GetElapsedTime(begun);
        }).ConfigureAwait(false);
        var observation = new KamailioObservation { Address = address, Reply = reply };
        if (!reply.Try(out _, out _))
        {
            return observation;
        }

        var version = await Answers.TryAsync(() => client.GetVersionAsync(cancellationToken)).ConfigureAwait(false);
        var modules = await Answers.TryAsync(() => client.ListModulesAsync(cancellationToken)).ConfigureAwait(false);
        var processes = await Answers.TryAsync(() => client.ListProcessesAsync(cancellationToken)).ConfigureAwait(false);
        var uptime = await Answers.TryAsync(() => client.GetUptimeAsync(cancellationToken)).ConfigureAwait(false);
        var defines = await Answers.DefinesAsync(client, cancellationToken).ConfigureAwait(false);
        var commandLine = CommandLine.Read(await Answers.TextsAsync(client, "core.arg", cancellationToken).ConfigureAwait(false));
        var directories = await Answers.TextsAsync(client, "core.pwd", cancellationToken).ConfigureAwait(false);
        if (processes.Try(out var running, out _) && ConfigFiles.StartDirectory(running) is { } startDirectory)
        {
            directories = [startDirectory, .. directories];
        }

        DateTimeOffset? started = uptime.Try(out var up, out _) ? timeProvider.GetUtcNow() - up.Uptime + TimeSpan.FromSeconds(1) : null;
        var config = ConfigFiles.Read(null, commandLine, directories, defines, started, KamailioRoot.Of(running));
        var parameters = new ParameterSource(client, config, version.Try(out var known, out _) ? known : null);
        return observation with
        {
            Version = version,
            Modules = modules,
            Processes = processes,

            // An object, since a list of texts has no line breaks either way.
            IsPretty = client.Answer("core.uptime") is { } answer ? answer.Json.Span.Contains((byte)'\n') : Observed<bool>.Not("core.uptime was not answered"),
            Memory = await Answers.TryAsync(() => client.GetSharedMemoryAsync(cancellationToken)).ConfigureAwait(false),
            ReloadDelta = await parameters.ReadAsync("dispatcher", "reload_delta", 5, cancellationToken).ConfigureAwait(false),
            LoadMode = await parameters.ReadAsync("dispatcher", "ds_load_mode", 0, cancellationToken).ConfigureAwait(false),
            HasBootList = config.Try(out var parsed, out _) && ListFileReader.IsKept(parsed, KamailioRoot.Of(running)),
            Transport = await parameters.ReadAsync("jsonrpcs", "transport", 6, cancellationToken).ConfigureAwait(false),
            Config = config,
            Algorithm = Answers.Define(defines, "KAMRPC_ALG"),
            PingCodes = Answers.Define(defines, "KAMRPC_PING_CODES"),
            FailoverCodes = Answers.Define(defines, "KAMRPC_FAILOVER_CODES"),
            Sockets = SocketFinder.Find(address, commandLine, config.Try(out var read, out _) ? read : null),
        };
    }
}

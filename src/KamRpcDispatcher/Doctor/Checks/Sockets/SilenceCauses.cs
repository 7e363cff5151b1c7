using KamailioRpc;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Host;

namespace KamRpcDispatcher.Doctor.Checks.Sockets;

/// <summary>Why a Kamailio that took a request sends no reply, as far as it can be seen: it is stopped or busy, or its reply goes elsewhere.</summary>
internal static class SilenceCauses
{
    public static IReadOnlyList<Cause> Of(KamailioObservation kamailio)
    {
        if (!kamailio.Running.Try(out var running, out var hidden))
        {
            return [new Cause($"What its processes do is not seen: {hidden}", Cause.As("root"))];
        }

        if (running.Count == 0)
        {
            return [new Cause("No process named kamailio is seen from here: it has a PID namespace of its own, or is on another host", null)];
        }

        var it = running[0];
        if (it.Stopped.Count > 0)
        {
            return
            [
                new Cause(
                    FormattableString.Invariant($"Processes of it are stopped (by SIGSTOP or a debugger): PID {Wording.List([.. it.Stopped.Select(static pid => FormattableString.Invariant($"{pid}"))])}"),
                    FormattableString.Invariant($"kill -CONT {string.Join(' ', it.Stopped)}")),
            ];
        }

        var causes = OfReplies(kamailio, it).ToList();
        if (!it.Worker.Try(out var worker, out var unseen))
        {
            causes.Add(new Cause($"Whether its RPC process is busy is not seen: {unseen}", causes.Count > 0 ? null : Cause.As(it.User.Name)));
        }
        else if (worker is { IsWaiting: false, IsDoubtful: false, Holders.Count: > 0 })
        {
            causes.Add(new Cause(
                FormattableString.Invariant($"No process of Kamailio (PID {it.Pid}) waits for a request there: the one that carries them out is busy, or hangs{(worker.Busy.Count > 0 ? $" (PID {string.Join(" or ", worker.Busy)})" : string.Empty)}"),
                "if it stays so, a restart of Kamailio; gdb -p PID of the process that 'kamctl ps' calls JSONRPCS tells in what it hangs"));
        }
        else if (worker.IsWaiting && causes.Count == 0)
        {
            causes.Add(new Cause($"Its RPC process waits for the next request, so that it has read this one: its reply does not come{(kamailio.RepliesTo is { } place ? $" to {place}" : string.Empty)}", null));
        }

        return causes;
    }

    /// <summary>What keeps replies from the place where they are waited for.</summary>
    private static IEnumerable<Cause> OfReplies(KamailioObservation kamailio, RunningKamailio it)
    {
        if (kamailio.RepliesTo is not { } place)
        {
            yield break;
        }

        var isFifo = kamailio.Address?.Transport == RpcTransport.Fifo;
        if (!it.SharesReplies.Try(out var isShared, out var unseen))
        {
            yield return new Cause($"Whether {place} is the same directory to Kamailio is not seen: {unseen}", Cause.As(it.User.Name));
        }
        else if (!isShared)
        {
            yield return new Cause(
                $"{place} is another directory to Kamailio ({it.Hider ?? "another mount namespace: a container, or PrivateTmp of a unit"})",
                isFifo
                    ? "#!define KAMRPC_FIFO_REPLY_DIR \"/run/kamailio/\" and --fifo-reply-dir /run/kamailio"
                    : "--reply-dir DIRECTORY that both see, such as RuntimeDirectory=kamrpc gives; with containers a volume that both mount there");
        }

        if (isFifo && it.Config.Try(out var config, out _) && (config.Of("jsonrpcs", "fifo_reply_dir").LastOrDefault()?.Value ?? "/tmp/") is var wanted && wanted.TrimEnd('/') != place.TrimEnd('/'))
        {
            yield return new Cause($"Kamailio puts its replies into {wanted} (fifo_reply_dir), and they are waited for in {place}", $"--fifo-reply-dir {wanted.TrimEnd('/')}");
        }

        if (kamailio.Replies?.Way.FirstOrDefault(directory => !it.User.MayEnter(directory)) is { } closed)
        {
            yield return new Cause($"Kamailio's user {it.User.Name} cannot enter {closed}, and so not reply to a socket in {place}", $"chmod o+x {closed.Path}, or --reply-dir DIRECTORY");
        }
    }
}

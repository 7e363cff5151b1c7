using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Settings;

/// <summary>Whether Kamailio's processes do what they are for, and can be seen at rest, as the grace period wants it.</summary>
internal static class ProcessesCheck
{
    private const string Name = "kamailio.processes";

    public static Finding Of(KamailioObservation kamailio)
    {
        if (!kamailio.Processes.Try(out var processes, out var trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        if (kamailio.Stopped.Count > 0)
        {
            return Finding.Error(
                Name,
                $"stopped, by SIGSTOP or a debugger: {Wording.List([.. kamailio.Stopped.Select(Told)])}; what they are for is not done: calls, timers, pings",
                Continue(kamailio));
        }

        if (!kamailio.ProcessView.Try(out var view, out trouble))
        {
            return Finding.Warning(Name, $"{trouble}: one structural change every --gap (1 s) instead of one a millisecond", kamailio.CapabilitySetting is { } setting ? $"{setting} in the unit of kamrpc dispatch: systemctl edit kamrpc-dispatch" : "User=kamailio in the unit of kamrpc dispatch, on Kamailio's machine");
        }

        var restless = kamailio.Restless.Select(Told).ToList();
        return restless.Count == 0
            ? Finding.Ok(Name, FormattableString.Invariant($"the {processes.Count} processes are seen in /proc/PID/{view}, each at rest within a second"))
            : Finding.Warning(
                Name,
                $"not seen at rest in /proc/PID/{view} within a second: {Wording.List(restless)}; a change of the table waits until they are: under full load until there is less, else for the long gap each time",
                "leave out the module that starts that process, or kamrpc dispatch --grace fixed");
    }

    /// <summary>The same finding, where stopped processes may be all there is behind it.</summary>
    public static Finding First(Finding finding, KamailioObservation kamailio) =>
        kamailio.Stopped.Count > 0 && finding is { IsProblem: true, Severity: not Severity.Unknown } ? finding with { Fix = $"first {Continue(kamailio)} ({Name}), since a Kamailio with stopped processes neither pings nor hears answers" } : finding;

    private static string Told(KamailioProcess process) => FormattableString.Invariant($"'{process.Description}' (PID {process.Pid})");

    private static string Continue(KamailioObservation kamailio) => $"kill -CONT {string.Join(' ', kamailio.Stopped.Select(static process => FormattableString.Invariant($"{process.Pid}")))}";
}

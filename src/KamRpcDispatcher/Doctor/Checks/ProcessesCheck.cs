using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whether Kamailio's processes can be seen at rest, as the grace period wants it.</summary>
internal static class ProcessesCheck
{
    private const string Name = "kamailio.processes";

    public static Finding Of(KamailioObservation kamailio)
    {
        if (!kamailio.Processes.Try(out var processes, out var trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        return kamailio.ProcessView.Try(out var view, out trouble)
            ? Finding.Ok(Name, FormattableString.Invariant($"the {processes.Count} processes are seen in /proc/PID/{view}"))
            : Finding.Warning(Name, $"{trouble}: one structural change every --gap (1 s) instead of one a millisecond", "User=kamailio in the unit of kamrpc dispatch, on Kamailio's machine");
    }
}

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

        if (!kamailio.ProcessView.Try(out var view, out trouble))
        {
            return Finding.Warning(Name, $"{trouble}: one structural change every --gap (1 s) instead of one a millisecond", "User=kamailio in the unit of kamrpc dispatch, on Kamailio's machine");
        }

        var restless = kamailio.Restless.Select(static process => FormattableString.Invariant($"'{process.Description}' (PID {process.Pid})")).ToList();
        return restless.Count == 0
            ? Finding.Ok(Name, FormattableString.Invariant($"the {processes.Count} processes are seen in /proc/PID/{view}, each at rest within a second"))
            : Finding.Warning(
                Name,
                $"not seen at rest in /proc/PID/{view} within a second: {Wording.List(restless)}; a change of the table waits until they are: under full load until there is less, else for the long gap each time",
                "leave out the module that starts that process, or kamrpc dispatch --grace fixed");
    }
}

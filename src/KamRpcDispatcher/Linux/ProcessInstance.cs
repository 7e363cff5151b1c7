using System.Globalization;

namespace KamRpcDispatcher.Linux;

/// <summary>One process for good, <c>PID-START</c>: its id, which comes again, and its start in ticks since the machine's, which does not.</summary>
internal static class ProcessInstance
{
    /// <summary>This process; null where procfs does not tell.</summary>
    public static string? Own { get; } = Read(Environment.ProcessId) is { } own ? Format(Environment.ProcessId, own.Start) : null;

    /// <summary>When a process started; null when there is none, or it cannot be seen.</summary>
    public static string? StartOf(int pid) => Read(pid)?.Start;

    public static string Format(int pid, string start) => string.Create(CultureInfo.InvariantCulture, $"{pid}-{start}");

    /// <summary>Its id; null where the text is none of ours.</summary>
    public static int? PidOf(string instance) =>
        instance.Split('-') is [var pid, _] && int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;

    /// <summary>Whether a process of this PID namespace lives: false when it has surely ended, null when it cannot be seen (hidepid) whether the one with its id is it.</summary>
    public static bool? Lives(string instance) => PidOf(instance) switch
    {
        null => null,
        { } pid when LibC.HasNoProcess(pid) => false,
        { } pid => Read(pid) is { } there ? !there.HasEnded && Format(pid, there.Start) == instance : null,
    };

    private static (string Start, bool HasEnded)? Read(int pid)
    {
        if (ProcessState.Text(pid, "stat") is not { } status)
        {
            return null;
        }

        // The start is field 22, which makes it the 20th after the name.
        var fields = status[(status.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 ? (fields[19], ProcessState.HasEnded(ProcessState.Read(status))) : null;
    }
}

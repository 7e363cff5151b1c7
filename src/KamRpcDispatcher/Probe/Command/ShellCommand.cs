using System.Diagnostics;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Probe.Command;

/// <summary>A command of the operator's, run by <c>/bin/sh -c</c> for a limited time.</summary>
/// <remarks>
/// It leads a process group, which is killed at the timeout, and also when the command has ended and left processes behind. It
/// gets no input, and none of this tool's own settings from the environment: secrets may be among them. Needs setsid(1), which util-linux
/// and busybox have.
/// </remarks>
/// <param name="command">For the shell.</param>
/// <param name="variables">What stands in its environment besides what stands in ours.</param>
internal sealed class ShellCommand(string command, IReadOnlyDictionary<string, string> variables)
{
    private const string OwnVariables = "KAMRPC_";

    /// <summary>What is needed beyond the timeout, when all has been killed, by a machine that is very busy.</summary>
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(1);

    /// <summary>Runs it until it ends, or is killed since the time is up.</summary>
    /// <param name="limit">When it is up.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It could not be started.</exception>
    public async Task<ShellEnd> RunAsync(CancellationToken limit)
    {
        using var process = new Process { StartInfo = StartInfo() };

        // After a reload a thread of the runtime's may hold them back, and what it starts would.
        ProcessImage.ReleaseSignals();
        process.Start();
        return await FinishAsync(process, limit).ConfigureAwait(false);
    }

    private static async Task<ShellEnd> FinishAsync(Process process, CancellationToken limit)
    {
        var (output, errors) = (new LastLine(MemberValidation.MaxReasonLength), new LastLine(MemberValidation.MaxReasonLength));
        using var outputReader = process.StandardOutput;
        using var errorReader = process.StandardError;
        using var reading = new CancellationTokenSource();
        var read = Task.WhenAll(output.ReadAsync(outputReader, reading.Token), errors.ReadAsync(errorReader, reading.Token));
        process.StandardInput.Close();

        await process.WaitForExitAsync(limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var endedItself = process.HasExited;
        await ProcessGroup.EndAsync(process, EndTime).ConfigureAwait(false);

        // A process that has left the group may hold the pipes for ever.
        reading.CancelAfter(EndTime / 10);
        await read.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return new ShellEnd(endedItself ? process.ExitCode : null, errors.Text.Length > 0 ? errors.Text : output.Text);
    }

    private ProcessStartInfo StartInfo()
    {
        // It becomes the shell, with the same process id, which is the group's too: Process itself has no way to make one.
        var start = new ProcessStartInfo("setsid", ["/bin/sh", "-c", command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(static name => name.StartsWith(OwnVariables, StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        return start;
    }
}

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">Its exit code; null where it was killed, since its time was up.</param>
/// <param name="Line">The last line that it wrote, to standard error as a rule.</param>
internal readonly record struct ShellEnd(int? ExitCode, string Line);

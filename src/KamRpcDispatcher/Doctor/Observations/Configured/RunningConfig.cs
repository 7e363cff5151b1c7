using System.Text.RegularExpressions;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Observations.Calls;

namespace KamRpcDispatcher.Doctor.Observations.Configured;

/// <summary>The configuration that a Kamailio runs with, as far as its files and its command line tell it.</summary>
/// <param name="client">Asks Kamailio.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed partial class RunningConfig(IRpcClient client, TimeProvider timeProvider)
{
    /// <summary>Null where it cannot be read, was written since the start, or the command line says otherwise.</summary>
    public async Task<KamailioConfig?> ReadAsync(IReadOnlyList<KamailioProcess> processes, CancellationToken cancellationToken)
    {
        var arguments = await Answers.TextsAsync(client, "core.arg", cancellationToken).ConfigureAwait(false);
        var uptime = await Answers.TryAsync(() => client.GetUptimeAsync(cancellationToken)).ConfigureAwait(false);
        if (arguments.Count == 0 || !uptime.Try(out var up, out _) || arguments.Any(static argument => OtherParameters().IsMatch(argument)))
        {
            return null;
        }

        var defines = await Answers.DefinesAsync(client, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<string> directories = await Answers.TextsAsync(client, "core.pwd", cancellationToken).ConfigureAwait(false);
        if (ConfigFiles.StartDirectory(processes) is { } startDirectory)
        {
            directories = [startDirectory, .. directories];
        }

        // Up to a second more, since the uptime is whole ones: a file changed after the start proves nothing.
        var started = timeProvider.GetUtcNow() - up.Uptime + TimeSpan.FromSeconds(1);
        return ConfigFiles.Read(null, CommandLine.Read(arguments), directories, defines, started, KamailioRoot.Of(processes)).Try(out var config, out _) ? config : null;
    }

    /// <summary>Options of the command line that change what the file says.</summary>
    [GeneratedRegex("^--(?:modparam|loadmodule|log-engine|subst)")]
    private static partial Regex OtherParameters();
}

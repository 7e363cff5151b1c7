using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Rollouts.Rolling;

namespace KamRpcDispatcher.Cli.Rollouts;

/// <summary>The options of <c>kamrpc rollout rolling</c>.</summary>
internal static class RollingOptions
{
    private const string Example = "kamrpc rollout rolling 1 --drain-time 10m --exec 'ssh \"$KAMRPC_NAME\" systemctl restart asterisk'";

    private static readonly Option<string?> Exec = CommonOptions.Text("--exec", "rolling: a command for /bin/sh, run for each member: KAMRPC_NAME, KAMRPC_URI, KAMRPC_SET are in its environment.", OptionGroup.Subject);
    private static readonly ValueOption<int> Batch = new("--batch", "rolling: so many members at a time.", "1", ParseBatch, OptionGroup.Subject);
    private static readonly ValueOption<TimeSpan> ExecTimeout = new("--exec-timeout", "rolling: how long the command of a member may take.", "10m", RolloutOptions.ParseTimeout, OptionGroup.Timing);
    private static readonly ValueOption<TimeSpan> ReadyTimeout = new("--ready-timeout", "rolling: how long a member may take until it is ready again; then it is paused.", "5m", RolloutOptions.ParseTimeout, OptionGroup.Timing);
    private static readonly Option<string?> DrainTime = CommonOptions.Text("--drain-time", "rolling, resume: how long those are drained whose calls nobody knows; without it they are not restarted.", OptionGroup.Timing);

    /// <summary>Each with the actions that have it.</summary>
    public static (Option Option, string[] Actions)[] Own { get; } =
        [(Exec, ["rolling"]), (Batch, ["rolling"]), (ExecTimeout, ["rolling"]), (ReadyTimeout, ["rolling"]), (DrainTime, ["rolling", "resume"])];

    /// <summary>Those that count only where they are given in the command line, and whose variables are told.</summary>
    public static Option[] Subjects { get; } = [Exec, DrainTime];

    /// <summary>What is asked for, without members; nobody reads it where an option is wrong.</summary>
    public static RollingRestart Read(OptionReader options, CliCommand command)
    {
        var exec = RolloutOptions.IsGiven(options, Exec) ? options.Text(Exec) : null;
        if (exec is null)
        {
            options.AddMissing($"{command.Name} rolling needs {Exec.Name}, such as: {Example}");
        }
        else if (exec.Trim().Length == 0 || exec.Length > RolloutRecord.MaxGateLength)
        {
            options.Add(Exec, $"is not a command of 1 to {RolloutRecord.MaxGateLength} characters");
        }
        else if (CommandWord.NotFound(exec) is { } word)
        {
            options.Add(Exec, $"/bin/sh finds no command '{SafeText.Shorten(word)}' here");
        }

        return new RollingRestart(exec ?? string.Empty, RolloutOptions.Value(options, Batch))
        {
            ExecTimeout = RolloutOptions.Value(options, ExecTimeout), ReadyTimeout = RolloutOptions.Value(options, ReadyTimeout), DrainTime = ReadDrainTime(options),
        };
    }

    /// <summary>How long those are drained whose calls nobody knows; null where it is not given.</summary>
    public static TimeSpan? ReadDrainTime(OptionReader options)
    {
        if (!RolloutOptions.IsGiven(options, DrainTime))
        {
            return null;
        }

        if (RolloutOptions.ParseInterval(options.Text(DrainTime)!, out var time, out var error))
        {
            return time;
        }

        options.Add(DrainTime, error);
        return null;
    }

    private static bool ParseBatch(string text, out int value, [NotNullWhen(false)] out string? error) => CommonOptions.Integer(text, 1, RollingRestart.MostInBatch, out value, out error);
}

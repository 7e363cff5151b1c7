using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Announce;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Probe;

namespace KamRpcDispatcher.Cli;

/// <summary>The options of <c>kamrpc announce</c> that say what is waited for when it is stopped.</summary>
internal static class LeaveOptions
{
    private const string CommandPrefix = "exec:";
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(5);

    private static readonly Option<string?> Idle = CommonOptions.Text("--idle", "exec:COMMAND that exits with 0 when the server has no calls any more. [default: asks Asterisk, with --ami]");
    private static readonly Option<string?> DrainTimeout = CommonOptions.Text("--drain-timeout", "When stopped: how long calls that are up may go on. [default: 60s; 0s without --ami or --idle]");
    private static readonly Option<string?> AckTimeout = CommonOptions.Text("--ack-timeout", "When stopped: how long the proxies may take to say that they send no more calls. [default: 10s]");

    public static void AddTo(Command command)
    {
        foreach (var option in (Option[])[Idle, DrainTimeout, AckTimeout])
        {
            command.Add(option);
        }
    }

    public static Func<AnnouncerOptions, AnnouncerOptions> Read(OptionReader options)
    {
        var idle = options.Value<IIdleCheck>(Idle, null, ParseIdle);
        var drain = options.Value<TimeSpan>(DrainTimeout, idle is null ? "0s" : "60s", ParseWait);
        var acknowledge = options.Value<TimeSpan>(AckTimeout, "10s", ParseWait);
        return announcer => announcer with { Idle = idle, DrainTimeout = drain, AcknowledgeTimeout = acknowledge };
    }

    private static bool ParseIdle(string text, [NotNullWhen(true)] out IIdleCheck? value, [NotNullWhen(false)] out string? error)
    {
        var isCommand = text.StartsWith(CommandPrefix, StringComparison.Ordinal) && text.Length > CommandPrefix.Length;
        value = isCommand ? new CommandIdle(new CommandProbe(text[CommandPrefix.Length..], CommandTimeout)) : null;
        error = isCommand ? null : $"'{MemberRules.Shorten(text)}' is not exec:COMMAND";
        return isCommand;
    }

    private static bool ParseWait(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Duration(text, TimeSpan.Zero, TimeSpan.FromHours(24), out value, out error);
}

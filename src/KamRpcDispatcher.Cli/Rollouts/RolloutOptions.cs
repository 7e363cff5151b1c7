using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Operate;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Rollouts;

namespace KamRpcDispatcher.Cli.Rollouts;

/// <summary>What is asked of <c>kamrpc rollout</c>.</summary>
/// <param name="Etcd">How etcd is reached.</param>
/// <param name="Cluster">The cluster.</param>
/// <param name="Set">The set; null for all, which <c>status</c> takes.</param>
/// <param name="By">Who asks.</param>
/// <param name="Reason">Why.</param>
/// <param name="Format">How the answer is written.</param>
internal sealed record RolloutAsk(EtcdOptions Etcd, string Cluster, int? Set, string By, string? Reason, OutputFormat Format)
{
    /// <summary>One that is to begin; null for another action.</summary>
    public RolloutRequest? Start { get; init; }

    /// <summary>What is to happen to the one that is there; null for another action.</summary>
    public RolloutEvent? Change { get; init; }

    /// <summary>Whether a blue/green goes back, whether it is under way or done.</summary>
    public bool IsBack { get; init; }

    public bool IsForced { get; init; }

    /// <summary>Whether it is only said what a rollout that is to begin would do.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>Of one that is resumed how long those are drained from now on whose calls nobody knows; null where that stays.</summary>
    public TimeSpan? DrainTime { get; init; }

    /// <summary>Whether the status is shown again and again.</summary>
    public bool Watches { get; init; }

    /// <summary>Whether who runs it stays while it is paused; else it ends then.</summary>
    public bool WaitsWhilePaused { get; init; }

    /// <summary>How long to wait for the proxies, at each step.</summary>
    public TimeSpan Timeout { get; init; }
}

/// <summary>The options of <c>kamrpc rollout</c>. A variable that describes another command's member, or its times, begins no rollout.</summary>
internal static class RolloutOptions
{
    private static readonly string[] Starts = ["canary", "bluegreen", "rolling"];
    private static readonly string[] Actions = ["canary", "bluegreen", "rolling", "status", "pause", "resume", "promote", "abort", "undo"];
    private static readonly Argument<string> Action = new("ACTION") { Description = "canary, bluegreen, rolling, status, pause, resume, promote, abort or undo." };
    private static readonly Argument<string> Set = new("SET") { Arity = ArgumentArity.ZeroOrOne, Description = "The set; of status all of them where none is given." };
    private static readonly Option<string?> Label = CommonOptions.Text("--label", "The label whose values share the calls, such as version; rolling: who is restarted, name=value.", OptionGroup.Subject);
    private static readonly Option<string?> To = CommonOptions.Text("--to", "The value that is to get the calls, such as v2.", OptionGroup.Subject);
    private static readonly ValueOption<int[]> Steps = new("--steps", "canary: its shares in per cent, in steps of 0.1, ascending.", "5,25,50,100", ParseSteps, OptionGroup.Subject);
    private static readonly ValueOption<TimeSpan> Interval = new("--interval", "canary: how long a step is in force before the gate is asked.", "60s", ParseInterval, OptionGroup.Subject);
    private static readonly Option<string?> Gate = CommonOptions.Text("--gate", "canary: a command for /bin/sh that says whether it goes on: exit code 0 yes, 1 no, 75 undecided.", OptionGroup.Subject);
    private static readonly ValueOption<TimeSpan> GateTimeout = new("--gate-timeout", "How long the gate may take.", "1m", ParseTimeout, OptionGroup.Subject);
    private static readonly ValueOption<int> Failures = new("--failures", "So many times the gate says no, one after another, before it goes back; rolling: a command fails before it is paused (1).", Rollout.DefaultFailures.ToString(CultureInfo.InvariantCulture), ParseFailures, OptionGroup.Subject);
    private static readonly ValueOption<TimeSpan> Keep = new("--keep", "bluegreen: how long it stays under way after the switch.", "0s", ParseInterval, OptionGroup.Subject);
    private static readonly Option<bool> Back = new CliOption<bool>("--back") { Group = OptionGroup.Subject, Description = "bluegreen: back to the side before, in one step." };
    private static readonly Option<bool> Full = new CliOption<bool>("--full") { Group = OptionGroup.Subject, Description = "promote: 100 per cent now." };
    private static readonly ValueOption<MinReady> MinReadyOption = new("--min-ready", "How many ready members the value needs for a share, or a drain has to leave: a number, or a percentage.", MinReady.Default.ToString(), MinReady.TryParse, OptionGroup.Subject);
    private static readonly Option<bool> Force = new CliOption<bool>("--force") { Group = OptionGroup.Subject, Description = "Shares, or drains, also where fewer are ready, or members would get no calls; later on: lets proxies go that do not report." };
    private static readonly ValueOption<bool> OnPause = new("--on-pause", "When it is paused: exit (with 1; resume goes on, from anywhere), or wait until somebody decides.", "exit", ParseOnPause, OptionGroup.Subject, "exit", "wait");
    private static readonly Option<bool> Watch = new CliOption<bool>("--watch", "-w") { Group = OptionGroup.Subject, Description = "status: goes on, and shows each change." };
    private static readonly ValueOption<TimeSpan> Timeout = new("--timeout", "How long a step may take until every proxy has it, and rolling until no calls are up; then it is paused.", "5m", ParseTimeout, OptionGroup.Timing);

    /// <summary>Those that one action has, or some.</summary>
    private static readonly (Option Option, string[] Actions)[] Own =
    [
        (Label, Starts), (To, ["canary", "bluegreen"]), (Steps, ["canary"]), (Interval, ["canary"]), (Gate, ["canary"]), (GateTimeout, ["canary"]), (Failures, ["canary", "rolling"]),
        (Keep, ["bluegreen"]), (Back, ["bluegreen"]), (Full, ["promote"]), (MinReadyOption, Starts), (OperatorOptions.DryRun, [.. Starts, "pause", "resume", "promote", "abort", "undo"]), (Force, ["canary", "bluegreen", "rolling", "resume", "promote", "abort", "undo"]), (OnPause, [.. Starts, "resume", "promote"]), (Watch, ["status"]), .. RollingOptions.Own,
    ];

    public static void AddTo(Command command)
    {
        Action.CompletionSources.Clear();
        Action.CompletionSources.Add(Actions);
        command.Add(Action);
        command.Add(Set);
        CommonOptions.Add(command, [.. Own.Select(static one => one.Option)]);
        OperatorOptions.AddWhoTo(command);
        CommonOptions.Add(command, Timeout, OutputOption.Output, CommonOptions.Cluster);
        EtcdOptionSet.AddTo(command);
    }

    /// <summary>What is asked for; nobody reads it where an option is wrong.</summary>
    public static RolloutAsk Read(OptionReader options, CliCommand command)
    {
        OperatorOptions.WarnOfVariables(options, command.Name, [Label, To, Gate, Force, Back, Full, .. RollingOptions.Subjects]);
        var etcd = EtcdOptionSet.Read(options);
        var (by, reason) = OperatorOptions.ReadWho(options);
        var action = options.Text(Action) ?? string.Empty;
        if (action.Length > 0 && !Actions.Contains(action))
        {
            options.Add($"'{SafeText.Shorten(action)}' is not {string.Join(", ", Actions.SkipLast(1))} or {Actions[^1]}");
        }

        foreach (var (option, actions) in Own.Where(one => IsGiven(options, one.Option) && Actions.Contains(action) && !one.Actions.Contains(action)))
        {
            options.Add(option, $"goes with {string.Join(", ", actions)}, and not with {action}");
        }

        var set = ReadSet(options, command, action);
        var isBack = Flag(options, Back);
        var ask = new RolloutAsk(etcd!, options.Value(CommonOptions.Cluster) ?? string.Empty, set, by, reason, options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse))
        {
            IsForced = Flag(options, Force), Watches = options.Flag(Watch), Timeout = options.Value(Timeout), IsBack = isBack, WaitsWhilePaused = Value(options, OnPause), IsDryRun = options.Flag(OperatorOptions.DryRun), DrainTime = action == "resume" ? RollingOptions.ReadDrainTime(options) : null,
            Change = action switch
            {
                "pause" => RolloutEvent.Pause,
                "resume" => RolloutEvent.Resume,
                "promote" => Flag(options, Full) ? RolloutEvent.PromoteFull : RolloutEvent.Promote,
                "abort" => RolloutEvent.Abort,
                "undo" => RolloutEvent.Undo,
                _ => null,
            },
        };
        return action == "rolling" ? ask with { Start = ReadRestart(options, command, ask) }
            : Starts.Contains(action) && !isBack ? ask with { Start = ReadStart(options, command, action, ask) }
            : ask;
    }

    private static RolloutRequest ReadStart(OptionReader options, CliCommand command, string action, RolloutAsk ask)
    {
        var (label, to) = (IsGiven(options, Label) ? options.Text(Label) : null, IsGiven(options, To) ? options.Text(To) : null);
        foreach (var missing in new (Option<string?> Option, string? Text)[] { (Label, label), (To, to) }.Where(static one => string.IsNullOrEmpty(one.Text)))
        {
            options.AddMissing($"{command.Name} {action} needs {missing.Option.Name}, such as: {ExampleOf(command, action)}");
        }

        if (label is { Length: > 0 } && to is { Length: > 0 } && MemberValidation.CheckLabel(label, to) is { } wrong)
        {
            options.Add(To, wrong);
        }

        var gate = IsGiven(options, Gate) ? options.Text(Gate) : null;
        if (gate is not null && (gate.Trim().Length == 0 || gate.Length > RolloutRecord.MaxGateLength))
        {
            options.Add(Gate, $"is not a command of 1 to {RolloutRecord.MaxGateLength} characters");
        }
        else if (gate is not null && CommandWord.NotFound(gate) is { } word)
        {
            options.Add(Gate, $"/bin/sh finds no command '{SafeText.Shorten(word)}' here");
        }

        return new RolloutRequest(ask.Set ?? 0, action == "canary" ? RolloutKind.Canary : RolloutKind.BlueGreen, label ?? string.Empty, to ?? string.Empty, ask.By)
        {
            Steps = Value(options, Steps) ?? [], Interval = action == "canary" ? Value(options, Interval) : Value(options, Keep), Gate = gate, GateTimeout = Value(options, GateTimeout),
            Failures = Value(options, Failures), MinReady = Value(options, MinReadyOption), IsForced = ask.IsForced, Reason = ask.Reason,
        };
    }

    private static RolloutRequest ReadRestart(OptionReader options, CliCommand command, RolloutAsk ask) => new(ask.Set ?? 0, RolloutKind.Rolling, string.Empty, string.Empty, ask.By)
    {
        Restart = RollingOptions.Read(options, command),
        Labels = IsGiven(options, Label) ? OperatorOptions.ReadLabel(options, Label, options.Text(Label)!) : [],
        Failures = IsGiven(options, Failures) ? options.Value(Failures) : 1, MinReady = Value(options, MinReadyOption), IsForced = ask.IsForced, Reason = ask.Reason,
    };

    /// <summary>One of the command's that has the action, or the action with a set.</summary>
    private static string ExampleOf(CliCommand command, string action) =>
        command.Help.Examples.FirstOrDefault(example => example.Contains($" {action} ", StringComparison.Ordinal)) ?? $"kamrpc {command.Name} {action} 1{(Starts.Contains(action) ? " --label colour --to green" : string.Empty)}";

    private static int? ReadSet(OptionReader options, CliCommand command, string action)
    {
        if (options.Text(Set) is not { } text)
        {
            if (action != "status" && Actions.Contains(action))
            {
                options.AddMissing($"{command.Name} {action} needs {Set.Name}, such as: {ExampleOf(command, action)}");
            }

            return null;
        }

        if (!CommonOptions.SetNumber(text, out var number, out var error))
        {
            options.Add($"{Set.Name}: {error}");
        }

        return number;
    }

    internal static bool IsGiven(OptionReader options, Option option) => !options.IsVariable(option) && option switch
    {
        Option<bool> flag => options.Flag(flag),
        Option<string?> text => options.Text(text) is not null,
        _ => false,
    };

    private static bool Flag(OptionReader options, Option<bool> option) => IsGiven(options, option);

    internal static T? Value<T>(OptionReader options, ValueOption<T> option) =>
        IsGiven(options, option) ? options.Value(option) : option.Parse(option.DefaultText!, out var value, out _) ? value : default;

    private static bool ParseSteps(string text, [NotNullWhen(true)] out int[]? value, [NotNullWhen(false)] out string? error)
    {
        var shares = new List<int>();
        (value, error) = (null, null);
        foreach (var step in text.Split(',').Select(static step => step.Trim()))
        {
            if (!SplitOptions.TryReadShare(step, out var share) || share == 0)
            {
                error = $"'{SafeText.Shorten(step)}' is not per cent from 0.1 to 100, in steps of 0.1";
                return false;
            }

            shares.Add(share);
        }

        error = RolloutRecord.CheckSteps(shares);
        value = [.. shares];
        return error is null;
    }

    internal static bool ParseInterval(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) => CommonOptions.Duration(text, TimeSpan.Zero, TimeSpan.FromDays(7), out value, out error);

    internal static bool ParseTimeout(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) => CommonOptions.Duration(text, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(24), out value, out error);

    private static bool ParseOnPause(string text, out bool value, [NotNullWhen(false)] out string? error)
    {
        value = text == "wait";
        error = text is "wait" or "exit" ? null : $"'{SafeText.Shorten(text)}' is not exit or wait";
        return error is null;
    }

    private static bool ParseFailures(string text, out int value, [NotNullWhen(false)] out string? error) => CommonOptions.Integer(text, 1, 1000, out value, out error);
}

using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Operate;

namespace KamRpcDispatcher.Cli.Operate;

/// <summary>What an operator asks for, and how it is carried out and told.</summary>
/// <param name="Etcd">How etcd is reached.</param>
/// <param name="Cluster">The cluster.</param>
/// <param name="Command">What is asked for.</param>
/// <param name="Timeout">How long it is waited for the proxies; null for not at all.</param>
/// <param name="Format">How the answer is written.</param>
internal sealed record OperatorRequest(EtcdOptions Etcd, string Cluster, IntentCommand Command, TimeSpan? Timeout, OutputFormat Format)
{
    /// <summary>How long it is waited then until no calls are up; null for not at all.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Whether the command line says who asks: whoever asks without that is somebody else.</summary>
    public bool SaysWho { get; init; }
}

/// <summary>The options of the commands by which an operator wishes something of members, or of proxies.</summary>
internal static class OperatorOptions
{
    internal static readonly Option<bool> DryRun = new CliOption<bool>("--dry-run") { Group = OptionGroup.Subject, Description = "Writes nothing, and says what would be written." };
    private static readonly Argument<string[]> Name = new("NAME") { Arity = ArgumentArity.ZeroOrMore, Description = "The members' names; each in every set, unless --set says in which." };
    private static readonly Option<string[]> Label = CommonOptions.Texts("--label", "In place of names: those that are announced now with a label, name=value (repeatable: with all of them).", OptionGroup.Subject);
    private static readonly Option<string[]> Set = CommonOptions.Texts("--set", "A set to look in (repeatable). [default: every set]", OptionGroup.Subject);
    internal static readonly Option<string?> Reason = CommonOptions.Text("--reason", "Why, in a few words, for others who look.", OptionGroup.Subject);
    internal static readonly Option<string?> As = CommonOptions.Text("--as", "Who asks. [default: user@host]", OptionGroup.Subject);
    internal static readonly ValueOption<MinReady> MinReadyOption = new("--min-ready", "How many ready members each set keeps at least: a number, or a percentage of it, such as 50%.", MinReady.Default.ToString(), MinReady.TryParse, OptionGroup.Subject);
    private static readonly Option<bool> Force = new CliOption<bool>("--force") { Group = OptionGroup.Subject, Description = "Drains also where fewer would be left." };
    private static readonly Option<bool> ForceResume = new CliOption<bool>("--force") { Group = OptionGroup.Subject, Description = "Takes back also drains that others gave." };
    private static readonly Argument<string> Action = new("ACTION") { Description = "drain or resume.", CompletionSources = { "drain", "resume" } };
    private static readonly Argument<string[]> Proxy = new("PROXY") { Arity = ArgumentArity.ZeroOrMore, Description = "The proxies' names, as 'kamrpc status' shows them." };
    private static readonly Option<bool> ForceProxy = new CliOption<bool>("--force") { Group = OptionGroup.Subject, Description = "Drains also the last proxy, and one that does not report now; resumes also what others drained." };
    internal static readonly Option<bool> Wait = new CliOption<bool>("--wait") { Group = OptionGroup.Timing, Description = "Waits until every proxy has applied it; so it does anyway, unless KAMRPC_NO_WAIT is set." };
    internal static readonly Option<bool> NoWait = new CliOption<bool>("--no-wait") { Group = OptionGroup.Timing, Description = "Ends as soon as it is written: then nobody has applied it yet." };
    internal static readonly ValueOption<TimeSpan> Timeout = new("--timeout", "How long to wait for the proxies.", "30s", ParseTimeout, OptionGroup.Timing);
    private static readonly Option<bool> UntilIdle = new CliOption<bool>("--until-idle") { Group = OptionGroup.Timing, Description = "Waits then until no calls are up on any of them, as announcers with --ami count." };
    private static readonly ValueOption<TimeSpan> IdleTimeout = new("--idle-timeout", "With --until-idle: how long to wait for the calls.", "10m", ParseTimeout, OptionGroup.Timing);

    public static void AddTo(Command command, IntentWish wish)
    {
        command.Add(wish == IntentWish.Weigh ? WeightArguments.Name : Name);
        CommonOptions.Add(command, Label, Set, Reason, As);
        if (wish == IntentWish.Weigh)
        {
            CommonOptions.Add(command, WeightArguments.Reset);
        }

        if (wish == IntentWish.Drain)
        {
            CommonOptions.Add(command, MinReadyOption, Force);
        }

        if (wish == IntentWish.Resume)
        {
            CommonOptions.Add(command, ForceResume);
        }

        CommonOptions.Add(command, DryRun, Wait, NoWait, Timeout);
        if (wish == IntentWish.Drain)
        {
            CommonOptions.Add(command, UntilIdle, IdleTimeout);
        }

        CommonOptions.Add(command, OutputOption.Output, CommonOptions.Cluster);
        EtcdOptionSet.AddTo(command);
    }

    /// <summary>Who asks, and why.</summary>
    public static void AddWhoTo(Command command) => CommonOptions.Add(command, Reason, As);

    /// <summary>Who asks, and why; nobody reads it where something is wrong.</summary>
    public static (string By, string? Reason) ReadWho(OptionReader options) => (options.Value<string>(As, Myself(), Words) ?? string.Empty, options.Value<string>(Reason, null, Words));

    /// <summary>Those of what is wished of proxies.</summary>
    public static void AddProxiesTo(Command command)
    {
        command.Add(Action);
        command.Add(Proxy);
        CommonOptions.Add(command, Reason, As, ForceProxy, DryRun, Wait, NoWait, Timeout, OutputOption.Output, CommonOptions.Cluster);
        EtcdOptionSet.AddTo(command);
    }

    /// <summary>What is asked for of proxies; nobody reads it where something is wrong.</summary>
    public static OperatorRequest ReadProxies(OptionReader options, CliCommand command)
    {
        WarnOfVariables(options, command.Name, [ForceProxy]);
        var etcd = EtcdOptionSet.Read(options);
        var (action, names) = (options.Text(Action), options.Texts(Proxy));
        var wish = action == "resume" ? IntentWish.Resume : IntentWish.Drain;
        if (action is not (null or "drain" or "resume"))
        {
            options.Add($"'{SafeText.Shorten(action)}' is not drain or resume");
        }
        else if (names.Count == 0)
        {
            options.AddMissing($"{command.Name} {action} needs {Proxy.Name}, such as: {command.Help.Examples[0]}");
        }

        return Request(options, etcd, new IntentCommand(wish, new ProxySelection { Names = names, Near = Suggestion.Near }, string.Empty) { IsForced = IsForced(options, ForceProxy), IsDryRun = options.Flag(DryRun) });
    }

    /// <summary>What is asked for; nobody reads it where an option is wrong.</summary>
    public static OperatorRequest Read(OptionReader options, CliCommand command, IntentWish wish)
    {
        WarnOfVariables(options, command.Name, wish switch { IntentWish.Drain => [Label, Set, Force], IntentWish.Weigh => [Label, Set, WeightArguments.Reset], _ => [Label, Set, ForceResume] });
        var etcd = EtcdOptionSet.Read(options);
        var (names, weight) = wish == IntentWish.Weigh ? WeightArguments.Read(options, command) : (options.Texts(Name), null);
        var labels = ReadLabels(options);
        if (names.Count == 0 && labels.Count == 0 && (options.IsVariable(Label) || options.Texts(Label).Count == 0))
        {
            options.AddMissing($"{command.Name} needs NAME, or {Label.Name}, such as: {command.Help.Examples[0]}");
        }
        else if (names.Count > 0 && labels.Count > 0)
        {
            options.Add(Label, "goes without names: give one of the two");
        }

        var selection = new MemberSelection { Names = names, Labels = labels, Sets = options.IsVariable(Set) ? null : CommonOptions.Sets(options, Set), Near = Suggestion.Near };
        var wished = new IntentCommand(wish, selection, string.Empty) { Weight = weight, IsDryRun = options.Flag(DryRun) };
        if (wish == IntentWish.Drain)
        {
            wished = wished with { MinReady = options.Value(MinReadyOption), IsForced = IsForced(options, Force) };
        }
        else if (wish == IntentWish.Resume)
        {
            wished = wished with { IsForced = IsForced(options, ForceResume) };
        }

        var idleTimeout = wish == IntentWish.Drain ? ReadIdleTimeout(options) : null;
        return Request(options, etcd, wished, isNeeded: idleTimeout is not null && !options.IsVariable(UntilIdle)) with { IdleTimeout = idleTimeout };
    }

    private static bool IsForced(OptionReader options, Option<bool> force) => !options.IsVariable(force) && options.Flag(force);

    private static OperatorRequest Request(OptionReader options, EtcdOptions? etcd, IntentCommand command, bool isNeeded = false)
    {
        var (by, reason) = ReadWho(options);
        return new(
            etcd!,
            options.Value(CommonOptions.Cluster) ?? string.Empty,
            command with { By = by, Reason = reason },
            ReadTimeout(options, isNeeded),
            options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse))
        {
            SaysWho = options.Text(As) is not null && !options.IsVariable(As),
        };
    }

    /// <summary>They describe another command's member where one file of variables serves several: nobody is drained by that.</summary>
    internal static void WarnOfVariables(OptionReader options, string command, Option[] ignored)
    {
        foreach (var option in ignored.Where(options.IsVariable))
        {
            Console.Error.WriteLine($"kamrpc: warning: {OptionReader.Variable(option)} is set, and does not count for {command}: give {option.Name} where it is meant");
        }
    }

    private static List<KeyValuePair<string, string>> ReadLabels(OptionReader options)
    {
        var labels = new List<KeyValuePair<string, string>>();
        foreach (var text in options.IsVariable(Label) ? [] : options.Texts(Label))
        {
            labels.AddRange(ReadLabel(options, Label, text));
        }

        return labels;
    }

    /// <summary>The label of <c>name=value</c>; none where that is wrong, which is told.</summary>
    internal static IReadOnlyList<KeyValuePair<string, string>> ReadLabel(OptionReader options, Option option, string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if ((equals < 0 ? $"'{text}' is not name=value" : MemberValidation.CheckLabel(text[..equals], text[(equals + 1)..])) is { } error)
        {
            options.Add(option, error);
            return [];
        }

        return [new(text[..equals], text[(equals + 1)..])];
    }

    /// <param name="options">The options.</param>
    /// <param name="isNeeded">Whether the command line asks for what goes on when the proxies have it.</param>
    internal static TimeSpan? ReadTimeout(OptionReader options, bool isNeeded = false)
    {
        var (waits, timeout) = (options.Flag(Wait), options.Value(Timeout));
        var waitsNot = options.Flag(NoWait) || (options.IsVariable(Wait) && !waits);
        if (waits && waitsNot && !options.IsVariable(Wait) && !options.IsVariable(NoWait))
        {
            options.Add(NoWait, $"contradicts {Wait.Name}");
        }
        else if (isNeeded && waitsNot && options.Flag(NoWait) && !options.IsVariable(NoWait))
        {
            options.Add(NoWait, $"contradicts {UntilIdle.Name}");
        }

        // What stands on the command line comes first.
        return waitsNot && !(waits && options.IsVariable(NoWait)) && !isNeeded ? null : timeout;
    }

    /// <summary>Null where nobody asks for it.</summary>
    private static TimeSpan? ReadIdleTimeout(OptionReader options)
    {
        var (isAsked, timeout) = (options.Flag(UntilIdle), options.Value(IdleTimeout));
        if (!isAsked && options.Text(IdleTimeout) is not null && !options.IsVariable(IdleTimeout))
        {
            options.Add(IdleTimeout, $"goes with {UntilIdle.Name}, which is not given");
        }

        return isAsked ? timeout : null;
    }

    private static string Myself() => $"{(Environment.UserName is { Length: > 0 } user ? user : "somebody")}@{Environment.MachineName}";

    private static bool ParseTimeout(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Duration(text, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(24), out value, out error);

    /// <summary>One line that others can read.</summary>
    private static bool Words(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error)
    {
        error = text.Trim().Length == 0 ? "is empty"
            : text.Length > MemberValidation.MaxReasonLength ? $"has {text.Length} characters, more than {MemberValidation.MaxReasonLength}"
            : text.Any(char.IsControl) ? "has characters that are not printed"
            : null;
        value = error is null ? text.Trim() : null;
        return error is null;
    }
}

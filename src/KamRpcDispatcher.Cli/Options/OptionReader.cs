using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>Reads options from the command line, else from the environment, else their defaults, and collects every error.</summary>
internal sealed class OptionReader
{
    public const string VariablePrefix = "KAMRPC_";

    private readonly ParseResult _parsed;
    private readonly List<string> _errors;

    /// <summary>Whether what seems to be missing may be what was not understood.</summary>
    private readonly bool _isSomethingLost;

    public OptionReader(ParseResult parsed)
    {
        _parsed = parsed;
        _errors = [.. Mistyped.Errors(parsed), .. Mistyped.Swallowed(parsed)];

        // Where something is no option, what the parser misses may be its value; where a file cannot be read, it may be there.
        var isFileLost = parsed.Errors.Any(static error => error.SymbolResult is null);
        _errors.AddRange(parsed.Errors.Where(error => (_errors.Count == 0 && !isFileLost) || OptionOf(error) is not null || error.SymbolResult is null).Select(Describe).ToList());
        _isSomethingLost = _errors.Count > 0;
    }

    /// <summary>Reads one value.</summary>
    /// <returns>False when the value is wrong, or missing without a default; the error is kept.</returns>
    public delegate bool Parser<T>(string text, [NotNullWhen(true)] out T? value, [NotNullWhen(false)] out string? error);

    /// <summary>Whether something was wrong so far.</summary>
    public bool HasErrors => _errors.Count > 0;

    /// <summary>The environment variable of an option: <c>--etcd</c> is <c>KAMRPC_ETCD</c>.</summary>
    public static string Variable(Option option) => VariablePrefix + option.Name.TrimStart('-').Replace('-', '_').ToUpperInvariant();

    /// <summary>The text of an option, null when it is given nowhere; of one that is given twice, which is an error already, the last.</summary>
    public string? Text(Option<string?> option) =>
        _parsed.GetResult(option) is { Implicit: false } given ? (given.Tokens is [.., var last] ? last.Value : null) : FromEnvironment(option);

    /// <summary>The texts of an option that may be given several times; in its environment variable they are separated by commas.</summary>
    public IReadOnlyList<string> Texts(Option<string[]> option) =>
        _parsed.GetResult(option) is { Implicit: false } given
            ? (given.Tokens.Count > 0 ? _parsed.GetValue(option) : null) ?? []
            : FromEnvironment(option)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    /// <summary>What stands for an argument of the command.</summary>
    public string? Text(Argument<string> argument) => _parsed.GetResult(argument) is { Tokens: [.., var last] } ? last.Value : null;

    /// <summary>What stands for an argument that may be there several times.</summary>
    public IReadOnlyList<string> Texts(Argument<string[]> argument) => _parsed.GetResult(argument) is { Tokens: var tokens } ? [.. tokens.Select(static token => token.Value)] : [];

    /// <summary>Whether a flag is given, or its environment variable says so: <c>1</c>, <c>true</c> or <c>yes</c>.</summary>
    public bool Flag(Option<bool> option)
    {
        if (_parsed.GetResult(option) is { Implicit: false })
        {
            return _parsed.GetValue(option);
        }

        var text = FromEnvironment(option);
        if (text is not (null or "1" or "true" or "yes" or "0" or "false" or "no"))
        {
            Add(option, $"'{SafeText.Shorten(text)}' is not 1 or 0, true or false, yes or no");
        }

        return text is "1" or "true" or "yes";
    }

    /// <summary>The value of an option; null when it is wrong, or given nowhere and without a default.</summary>
    public T? Value<T>(ValueOption<T> option) => Value(option, option.DefaultText, option.Parse);

    /// <summary>The same of one whose default depends on others.</summary>
    public T? Value<T>(Option<string?> option, string? defaultText, Parser<T> parse)
    {
        if ((Text(option) ?? defaultText) is not { } text)
        {
            return default;
        }

        if (parse(text, out var value, out var error))
        {
            return value;
        }

        Add(option, error);
        return default;
    }

    /// <summary>Notes what is wrong with an option, under the name by which it was given.</summary>
    public void Add(Option option, string error)
    {
        if (!IsVariable(option))
        {
            _errors.Add($"{option.Name}: {error}");
            return;
        }

        var text = FromEnvironment(option);

        // A shell takes them away, and systemd; docker's --env-file does not.
        var hasQuotes = text is ['"', .., '"'] or ['\'', .., '\''];
        _errors.Add($"{Variable(option)}: {error}{(hasQuotes ? "; the quotes are part of the value: leave them out" : string.Empty)}");
    }

    public void Add(string error) => _errors.Add(error);

    /// <summary>The name under which an option was given: its own, or its environment variable's.</summary>
    public string GivenName(Option option) => IsVariable(option) ? Variable(option) : option.Name;

    /// <summary>Whether an option is given by its environment variable, and not on the command line: it may be there for another command, or for another use of this one.</summary>
    public bool IsVariable(Option option) => _parsed.GetResult(option) is not { Implicit: false } && FromEnvironment(option) is not null;

    /// <summary>Notes that something is missing, unless it may be what was mistyped, or in a file that cannot be read.</summary>
    public void AddMissing(string error)
    {
        if (!_isSomethingLost)
        {
            _errors.Add(error);
        }
    }

    /// <summary>Prints the errors, if there are any.</summary>
    public bool Fails(out int exitCode)
    {
        exitCode = HasErrors ? Fail() : ExitCode.Done;
        return HasErrors;
    }

    /// <summary>Prints the errors.</summary>
    public int Fail() => Usage.Report(_errors, _parsed.CommandResult.Command);

    private static string? FromEnvironment(Option option) =>
        Environment.GetEnvironmentVariable(Variable(option)) is { Length: > 0 } text && !IsKubernetesService(option, text) ? text : null;

    /// <summary>Kubernetes sets KAMRPC_PORT=tcp://10.3.0.1:80 for a service that is called kamrpc.</summary>
    private static bool IsKubernetesService(Option option, string text) => option.Name == "--port" && text.Contains("://", StringComparison.Ordinal);

    private static OptionResult? OptionOf(ParseError error) => error.SymbolResult as OptionResult ?? (error.SymbolResult as ArgumentResult)?.Parent as OptionResult;

    /// <summary>What the parser says names neither the fault nor what to do.</summary>
    private string Describe(ParseError error) => OptionOf(error) switch
    {
        { Tokens.Count: > 1, Option: var option } => $"{option.Name}: is given more than once; give it once",
        { Tokens.Count: 0, Option: var option } => $"{option.Name}: needs a value after it",
        null when error.SymbolResult is CommandResult or ArgumentResult && _parsed.CommandResult.Command is CliCommand { Arguments: [var argument, ..] } command && _parsed.GetResult(argument) is not { Tokens.Count: > 0 } =>
            $"{command.Name} needs {argument.Name}, such as: {command.Help.Examples[0]}",
        _ => error.Message,
    };
}

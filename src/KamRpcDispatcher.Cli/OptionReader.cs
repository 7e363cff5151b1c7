using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;

namespace KamRpcDispatcher.Cli;

/// <summary>Reads options from the command line, else from the environment, else their defaults, and collects every error.</summary>
internal sealed class OptionReader(ParseResult parsed)
{
    private readonly List<string> _errors = [.. parsed.Errors.Select(Describe)];

    /// <summary>Reads one value.</summary>
    /// <returns>False when the value is wrong, or missing without a default; the error is kept.</returns>
    public delegate bool Parser<T>(string text, [NotNullWhen(true)] out T? value, [NotNullWhen(false)] out string? error);

    /// <summary>The environment variable of an option: <c>--etcd</c> is <c>KAMRPC_ETCD</c>.</summary>
    public static string Variable(Option option) => "KAMRPC_" + option.Name.TrimStart('-').Replace('-', '_').ToUpperInvariant();

    /// <summary>The text of an option, null when it is given nowhere; of one that is given twice, which is an error already, the last.</summary>
    public string? Text(Option<string?> option) =>
        parsed.GetResult(option) is { Implicit: false } given ? (given.Tokens is [.., var last] ? last.Value : null)
        : Environment.GetEnvironmentVariable(Variable(option)) is { Length: > 0 } text ? text
        : null;

    /// <summary>Whether an option without a value is given; in its environment variable it is <c>true</c> or <c>1</c>.</summary>
    public bool Flag(Option<bool> option) =>
        parsed.GetResult(option) is { Implicit: false } ? parsed.GetValue(option) : Environment.GetEnvironmentVariable(Variable(option)) is "true" or "1";

    /// <summary>The texts of an option that may be given several times; in its environment variable they are separated by commas.</summary>
    public IReadOnlyList<string> Texts(Option<string[]> option) =>
        parsed.GetResult(option) is { Implicit: false } given
            ? (given.Tokens.Count > 0 ? parsed.GetValue(option) : null) ?? []
            : Environment.GetEnvironmentVariable(Variable(option))?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    /// <summary>The value of an option; null when it is wrong, or given nowhere and without a default.</summary>
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

    /// <summary>What the parser says of options that are given twice names neither the fault nor what to do.</summary>
    private static string Describe(ParseError error) =>
        error.SymbolResult is OptionResult { Tokens.Count: > 1, Option: var option } ? $"{option.Name}: is given more than once; give it once" : error.Message;

    public void Add(Option option, string error) => _errors.Add($"{option.Name}: {error}");

    public void Add(string error) => _errors.Add(error);

    /// <summary>Whether something was wrong so far.</summary>
    public bool HasErrors => _errors.Count > 0;

    /// <summary>Prints the errors, if there are any.</summary>
    public bool Fails(out int exitCode)
    {
        exitCode = _errors.Count > 0 ? Usage.Report(_errors, parsed.CommandResult.Command) : ExitCode.Done;
        return _errors.Count > 0;
    }
}

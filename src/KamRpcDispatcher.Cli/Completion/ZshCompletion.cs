using System.CommandLine;
using KamRpcDispatcher.Cli.Options;

namespace KamRpcDispatcher.Cli.Completion;

/// <summary>The completion for zsh, with what each command and option means.</summary>
internal static class ZshCompletion
{
    private const string Head = """
        #compdef kamrpc
        # Completion of kamrpc for zsh, as "kamrpc completion zsh" prints it: source it after compinit, or put it into a folder of $fpath as _kamrpc.
        _kamrpc() {
            local -a commands
            commands=(
        """;

    private const string Middle = """
            )
            if ((CURRENT == 2)); then
                _describe -t commands command commands
                return
            fi
            local command=$words[2]
            shift words
            ((CURRENT--))
            case $command in
        """;

    private const string Tail = """
            esac
        }
        if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
            _kamrpc "$@"
        else
            compdef _kamrpc kamrpc
        fi
        """;

    public static string Script(Command root) => string.Join('\n',
    [
        Head,
        .. root.Subcommands.Select(static command => $"        {Quoted($"{command.Name}:{CompletionModel.Summary(command.Description)}")}"),
        Middle,
        .. root.Subcommands.SelectMany(Arguments),
        Tail,
        string.Empty,
    ]);

    private static IEnumerable<string> Arguments(Command command) =>
    [
        $"    {command.Name})",
        "        _arguments \\",
        .. CompletionModel.OptionsOf(command).Select(static option => $"            {Specification(option)} \\"),
        .. command.Arguments.Select(argument => $"            {Quoted($"{(argument.Arity.MaximumNumberOfValues > 1 ? "*" : "1")}:{argument.Name}:({string.Join(' ', CompletionModel.ArgumentsOf(command))})")} \\"),
        "            '--help[shows all options]' ;;",
    ];

    private static string Specification(Option option)
    {
        // "(-o --output)" keeps it from being offered twice; "*" lets it be.
        string[] names = [.. CompletionModel.NamesOf(option)];
        var isRepeatable = option.Arity.MaximumNumberOfValues > 1;
        var start = isRepeatable ? Quoted("*") : Quoted($"({string.Join(' ', names)})");

        // With "=" the value may follow in the same word or in the next one.
        string[] forms = [.. names.Select(name => name.StartsWith("--", StringComparison.Ordinal) && !CompletionModel.IsSwitch(option) ? name + "=" : name)];
        var form = forms.Length == 1 ? forms[0] : $"{{{string.Join(',', forms)}}}";
        var meaning = CompletionModel.Summary(option.Description).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal).Replace("]", "\\]", StringComparison.Ordinal);
        return $"{start}{form}{Quoted($"[{meaning}]{(CompletionModel.IsSwitch(option) ? string.Empty : $":value:{Action(option)}")}")}";
    }

    private static string Action(Option option) => (CompletionModel.KindOf(option), string.Join(' ', CompletionModel.ValuesOf(option)).Replace(":", "\\:", StringComparison.Ordinal)) switch
    {
        (ValueKind.File, "") => "_files",
        (ValueKind.File, var values) => $"_alternative \"values\\:value\\:({values})\" \"files\\:file\\:_files\"",
        (ValueKind.Directory, _) => "_files -/",
        (_, "") => string.Empty,
        (_, var values) => $"({values})",
    };

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

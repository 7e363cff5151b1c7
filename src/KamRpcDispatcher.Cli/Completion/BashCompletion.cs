using System.CommandLine;
using KamRpcDispatcher.Cli.Options;

namespace KamRpcDispatcher.Cli.Completion;

/// <summary>The completion for bash; it needs nothing but bash itself.</summary>
internal static class BashCompletion
{
    private const string Head = """
        # Completion of kamrpc for bash, as "kamrpc completion bash" prints it: source it, or put it into /etc/bash_completion.d.
        _kamrpc() {
            local current=${COMP_WORDS[COMP_CWORD]} command='' option='' words='' kind='' word
            if ((COMP_CWORD > 1)); then
                command=${COMP_WORDS[1]} option=${COMP_WORDS[COMP_CWORD-1]}
            fi
            # "--option=value" comes in three parts.
            if [[ $current == = ]]; then
                current=''
            elif [[ $option == = ]]; then
                option=${COMP_WORDS[COMP_CWORD-2]}
            fi
            case $command:$option in
        """;

    private const string Tail = """
            esac
            COMPREPLY=()
            for word in $words; do
                [[ $word != "$current"* ]] || COMPREPLY+=("$word")
            done
            if [[ -n $kind ]]; then
                compopt -o filenames 2>/dev/null
                while IFS= read -r word; do
                    COMPREPLY+=("$word")
                done < <(compgen "-$kind" -- "$current")
            fi
        }
        complete -F _kamrpc kamrpc
        """;

    public static string Script(Command root) => string.Join('\n', [Head, .. Values(root), .. Names(root), Tail, string.Empty]);

    /// <summary>What may follow an option: one line for all that take the same.</summary>
    private static IEnumerable<string> Values(Command root) =>
        from command in root.Subcommands
        from option in CompletionModel.OptionsOf(command)
        where !CompletionModel.IsSwitch(option)
        from name in CompletionModel.NamesOf(option)
        group $"{command.Name}:{name}" by (Words: string.Join(' ', CompletionModel.ValuesOf(option)), Kind: CompletionModel.KindOf(option)) into same
        select $"    {string.Join('|', same)}) words='{same.Key.Words}' kind='{Kind(same.Key.Kind)}' ;;";

    private static IEnumerable<string> Names(Command root) =>
    [
        "    *)",
        "        case $command in",
        $"        '') words='{string.Join(' ', root.Subcommands.Select(static command => command.Name))} --help --version' ;;",
        .. root.Subcommands.Select(static command =>
            $"        {command.Name}) words='{string.Join(' ', [.. CompletionModel.ArgumentsOf(command), .. CompletionModel.OptionsOf(command).SelectMany(CompletionModel.NamesOf), "--help"])}' ;;"),
        "        esac ;;",
    ];

    /// <summary>As <c>compgen</c> has it.</summary>
    private static string Kind(ValueKind kind) => kind switch
    {
        ValueKind.File => "f",
        ValueKind.Directory => "d",
        _ => string.Empty,
    };
}

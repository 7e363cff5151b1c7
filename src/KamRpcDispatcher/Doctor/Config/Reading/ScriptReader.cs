using System.Globalization;
using System.Text.RegularExpressions;

namespace KamRpcDispatcher.Doctor.Config.Reading;

/// <summary>
/// Finds the calls that matter in the routing blocks of a configuration, and in the scripts of KEMI (Lua, Python ...), where the functions
/// have the same names. No parser of either: it knows quotes, the heads of routing blocks, and calls.
/// </summary>
/// <param name="defines">The preprocessor's.</param>
/// <param name="lines">Gets the heads of routing blocks.</param>
internal sealed partial class ScriptReader(Defines defines, List<ConfigLine> lines)
{
    private static readonly string[] CommentMarks = ["--", "#", "//"];

    private readonly List<ScriptCall> _calls = [];
    private string _route = string.Empty;

    public IReadOnlyList<ScriptCall> Calls => _calls;

    /// <summary>The core parameter of that name (6.2), as it was set last; null when it was not.</summary>
    public string? RpcExecLocks { get; private set; }

    /// <summary>Reads statements without comments. A block may go on in the next ones.</summary>
    public void Read(string text, string file, int firstLine, bool isCertain)
    {
        foreach (Match token in Token().Matches(text))
        {
            if (token.Groups["call"] is { Success: true } call)
            {
                var function = call.Value.EndsWith("exec", StringComparison.Ordinal) ? "jsonrpc_exec" : call.Value;
                var arguments = token.Groups["arguments"].Value;
                var line = firstLine + text.AsSpan(0, token.Index).Count('\n');
                _calls.Add(new ScriptCall(
                    function, arguments, ScriptCall.Split(arguments, defines), _route, isCertain, string.Create(CultureInfo.InvariantCulture, $"{file}:{line}")) { Order = lines.Count });
            }
            else if (token.Groups["route"] is { Success: true } route)
            {
                _route = token.Groups["name"] is { Success: true } name ? $"{route.Value}[{name.Value.Trim('"')}]" : route.Value;
                var line = firstLine + text.AsSpan(0, token.Index).Count('\n');
                lines.Add(new ConfigLine(
                    ConfigWord.Block, _route, string.Empty, isCertain ? Condition.Yes : Condition.Unknown, string.Create(CultureInfo.InvariantCulture, $"{file}:{line}")));
            }
            else if (token.Groups["locks"] is { Success: true } locks && isCertain)
            {
                RpcExecLocks = defines.Replace(locks.Value);
            }
        }
    }

    /// <summary>Reads a script of KEMI. Of its comments only whole lines are known.</summary>
    public void ReadKemi(string text, string file)
    {
        _route = string.Empty;
        var lines = text.ReplaceLineEndings("\n").Split('\n')
            .Select(static line => Array.Exists(CommentMarks, mark => line.TrimStart().StartsWith(mark, StringComparison.Ordinal)) ? string.Empty : line);
        Read(string.Join('\n', lines), file, firstLine: 1, isCertain: true);
    }

    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"|'(?:[^'\\\n]|\\.)*'
        |\b(?<route>(?:(?:request|branch|failure|onreply|reply|event|onsend)_)?route)\s*(?:\[\s*(?<name>[^\]]*?)\s*\]\s*)?\{
        |\b(?<call>ds_is_active|ds_reload|ds_select(?:_dst|_domain|_routes)?|ds_load_update|jsonrpc_exec|jsonrpcs\.exec|t_on_reply|t_on_branch|t_on_failure|route)\s*\((?<arguments>(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[^()"']|\((?:"(?:[^"\\]|\\.)*"|[^()"])*\))*)\)
        |\brpc_exec_locks\s*=\s*(?<locks>\w+)
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Token();
}

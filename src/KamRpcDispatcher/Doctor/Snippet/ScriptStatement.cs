using System.Text.RegularExpressions;

namespace KamRpcDispatcher.Doctor.Snippet;

/// <summary>A statement of Kamailio's script, as far as it says which way a request goes.</summary>
internal abstract record ScriptStatement
{
    /// <param name="Function">Its name.</param>
    /// <param name="Argument">The first one, without quotes, when it is a plain name.</param>
    /// <param name="Index">Where it is in the body.</param>
    internal sealed record Call(string Function, string Argument, int Index) : ScriptStatement;

    /// <summary>Two ways, one of which may be empty.</summary>
    /// <param name="Condition">Its tokens, without the parentheses.</param>
    /// <param name="Then">When it holds.</param>
    /// <param name="Else">When not.</param>
    internal sealed record Fork(IReadOnlyList<string> Condition, IReadOnlyList<ScriptStatement> Then, IReadOnlyList<ScriptStatement> Else) : ScriptStatement;

    /// <param name="IsReturn">Whether only the block ends, not the script.</param>
    internal sealed record End(bool IsReturn) : ScriptStatement;
}

/// <summary>Takes the body of a routing block apart: conditions, calls, and where it ends. No parser of the language: what it does not know it passes over.</summary>
internal sealed partial class ScriptParser
{
    private readonly List<Match> _tokens;
    private int _at;

    // A line of the preprocessor ends without a semicolon. Blanks in its place keep the others where they are.
    private ScriptParser(string body) => _tokens = Token().Matches(Directive().Replace(body, static line => new string(' ', line.Length))).ToList();

    public static IReadOnlyList<ScriptStatement> Parse(string body) => new ScriptParser(body).Block();

    private string Now => _at < _tokens.Count ? _tokens[_at].Value : string.Empty;

    private List<ScriptStatement> Block()
    {
        var statements = new List<ScriptStatement>();
        while (Now.Length > 0 && Now != "}")
        {
            statements.AddRange(Statement());
        }

        _at++;
        return statements;
    }

    private List<ScriptStatement> Statement()
    {
        var word = Now;
        _at++;
        switch (word)
        {
            case ";":
                return [];
            case "{":
                return Block();
            case "if" or "while" or "switch":
                var (condition, calls) = Condition();
                var then = Statement();
                List<ScriptStatement> otherwise = [];
                if (word == "if" && Now == "else")
                {
                    _at++;
                    otherwise = Statement();
                }

                // What begins a case may not be come to, and a loop not be entered.
                return [.. calls, new ScriptStatement.Fork(word == "if" ? condition : [], then, otherwise)];
            case "exit" or "drop" or "return":
                SkipStatement();
                return [new ScriptStatement.End(word == "return")];
            default:
                var begin = _at - 1;
                SkipStatement();
                return Calls(begin, _at);
        }
    }

    private (IReadOnlyList<string> Tokens, List<ScriptStatement> Calls) Condition()
    {
        var begin = _at;
        var depth = 0;
        do
        {
            depth += Now switch { "(" => 1, ")" => -1, _ => 0 };
            _at++;
        }
        while (depth > 0 && Now.Length > 0);

        return ([.. _tokens.Take(begin.._at).Select(static token => token.Value).Skip(1).SkipLast(1)], Calls(begin, _at));
    }

    /// <summary>To behind its semicolon, or before what ends the block, such as the label of a case.</summary>
    private void SkipStatement()
    {
        while (Now.Length > 0 && Now is not (";" or "{" or "}" or ":"))
        {
            _at++;
        }

        if (Now is ";" or ":")
        {
            _at++;
        }
    }

    private List<ScriptStatement> Calls(int begin, int end)
    {
        var calls = new List<ScriptStatement>();
        for (var at = begin; at + 1 < Math.Min(end, _tokens.Count); at++)
        {
            if (_tokens[at + 1].Value == "(" && (char.IsAsciiLetter(_tokens[at].Value[0]) || _tokens[at].Value[0] == '_'))
            {
                var argument = at + 3 < _tokens.Count && _tokens[at + 2].Value != ")" && _tokens[at + 3].Value == ")" ? _tokens[at + 2].Value.Trim('"', '\'') : string.Empty;
                calls.Add(new ScriptStatement.Call(_tokens[at].Value, argument, _tokens[at].Index));
            }
        }

        return calls;
    }

    [GeneratedRegex("^[ \\t]*[#!]!.*$", RegexOptions.Multiline)]
    private static partial Regex Directive();

    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\w+|&&|\|\||[^\s\w]
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Token();
}

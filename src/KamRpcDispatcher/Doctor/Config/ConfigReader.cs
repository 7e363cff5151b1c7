using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Doctor.Config.Reading;

namespace KamRpcDispatcher.Doctor.Config;

/// <summary>
/// Reads the module parameters, and the calls that matter, out of a Kamailio configuration, for what a running Kamailio does not tell. Not a
/// parser of the language: it knows comments, quotes, defines, conditions, includes, <c>loadmodule</c> and <c>modparam</c>.
/// </summary>
/// <param name="read">The text of a file, null when there is none; throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when it cannot be read.</param>
/// <param name="defines">With those of the command line.</param>
internal sealed partial class ConfigReader(Func<string, string?> read, Defines defines)
{
    /// <summary>Kamailio's own limit is 10.</summary>
    private const int Deepest = 10;

    /// <summary>The modules that run KEMI's scripts, and the parameters that name them.</summary>
    private static readonly string[] KemiModules = ["app_lua", "app_lua_sr", "app_python", "app_python3", "app_python3s", "app_ruby", "app_ruby_proc", "app_jsdt", "app_sqlang"];

    private static readonly string[] KemiParameters = ["load", "script_name"];

    private readonly Preprocessor _preprocessor = new(defines);
    private readonly List<ModuleParameter> _parameters = [];
    private readonly List<ConfigLine> _lines = [];
    private readonly List<string> _modules = [];
    private readonly List<string> _files = [];
    private readonly List<UnreadFile> _unread = [];

    /// <summary>The files that are being read, each included by the one before.</summary>
    private readonly List<string> _open = [];
    private readonly ConfigText _text = new();
    private ScriptReader _script = null!;

    public KamailioConfig Read(string file)
    {
        _script = new ScriptReader(defines, _lines);
        Include(file, isOptional: false, place: file);
        var config = new KamailioConfig(_parameters, _files, [.. _unread.Select(static unread => unread.Reason)]) { UnreadFiles = _unread, Lines = _lines, PlaceOf = _text.PlaceOf };
        var unreadScripts = KemiModules.SelectMany(module => KemiParameters.SelectMany(name => config.Of(module, name)))
            .Select(parameter => Path.Combine(Path.GetDirectoryName(file) ?? "/", parameter.Value)).Distinct().Select(ReadKemi).OfType<string>().ToList();
        return config with { Text = _text.ToString(), Modules = _modules, Calls = _script.Calls, UnreadScripts = unreadScripts, HasOneRpcLock = _script.RpcExecLocks == "1" };
    }

    /// <returns>Why it could not be read, else null.</returns>
    private string? ReadKemi(string file)
    {
        try
        {
            if (read(file) is not { } text)
            {
                return $"{file}: there is no such file";
            }

            _script.ReadKemi(text, file);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Told(file, exception);
        }
    }

    /// <param name="file">Its path.</param>
    /// <param name="isOptional">Whether it need not be there.</param>
    /// <param name="place">Where it is included.</param>
    private void Include(string file, bool isOptional, string place)
    {
        if (_open.Count > Deepest)
        {
            // A file may include itself under a condition that ends it; what is too deep only then is a loop.
            var start = _open.LastIndexOf(file);
            _unread.Add(start >= 0
                ? new UnreadFile(file, $"{file}: includes itself ({string.Join(" -> ", _open[start..].Append(file))})", UnreadCause.Loop, place)
                : new UnreadFile(file, $"{file}: too many includes, one within the other", UnreadCause.TooDeep, place));
            return;
        }

        try
        {
            if (read(file) is { } text)
            {
                _files.Add(file);
                _open.Add(file);
                ReadLines(file, text);
                _open.RemoveAt(_open.Count - 1);
            }
            else if (!isOptional)
            {
                _unread.Add(new UnreadFile(file, $"{file}: there is no such file", UnreadCause.Missing, place));
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _unread.Add(new UnreadFile(file, Told(file, exception), exception is UnauthorizedAccessException ? UnreadCause.Forbidden : UnreadCause.Unusable, place));
        }
    }

    private static string Told(string file, Exception exception) =>
        exception.Message.Contains(file, StringComparison.Ordinal) ? exception.Message : $"{file}: {exception.Message}";

    private void ReadLines(string file, string text)
    {
        var comments = new CommentStripper();
        var statements = new StringBuilder();
        var (number, first) = (0, 1);
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        while (number < lines.Length)
        {
            var line = lines[number++];
            if (comments.IsWithin || Preprocessor.Split(line) is null)
            {
                statements.Append(comments.Strip(line)).Append('\n');
                continue;
            }

            // What stands before is run before, since it may define something.
            var own = number;
            RunStatements(file, first, statements.ToString());
            statements.Clear();
            while (line.EndsWith('\\') && number < lines.Length)
            {
                line = line[..^1] + lines[number++];
            }

            if (_preprocessor.State != Condition.No)
            {
                _text.Append(file, own, line);
            }

            first = number + 1;
            var place = Place(file, own);
            var (word, rest) = Preprocessor.Split(line)!.Value;
            if (Preprocessor.Defined(word, rest) is (var name, var value))
            {
                _lines.Add(new ConfigLine(ConfigWord.Define, name, value, _preprocessor.State, place));
            }

            if (word is "include_file" or "import_file")
            {
                RunStatements(file, number, $"{word} {rest}");
            }
            else
            {
                _preprocessor.Run(word, rest, place);
            }
        }

        RunStatements(file, first, statements.ToString());
    }

    private void RunStatements(string file, int firstLine, string text)
    {
        if (_preprocessor.State == Condition.No)
        {
            Skip(file, firstLine, text);
            return;
        }

        _text.Append(file, firstLine, text);
        // Up to each included file before that file, since blocks and calls count in the order in which Kamailio reads them.
        var scanned = 0;
        foreach (Match statement in Statement().Matches(text))
        {
            var (word, one) = (statement.Groups["word"].Value, statement.Groups["one"].Value);
            var place = Place(file, firstLine + text.AsSpan(0, statement.Index).Count('\n'));
            if (word.StartsWith("modparam", StringComparison.Ordinal))
            {
                var value = defines.Replace(statement.Groups["value"].Value.Trim()).Trim('"', '\'');
                _parameters.Add(new ModuleParameter(one, statement.Groups["two"].Value, value, _preprocessor.State == Condition.Yes, place));
                _lines.Add(new ConfigLine(ConfigWord.Parameter, one, value, _preprocessor.State, place) { Parameter = _parameters[^1] });
            }
            else if (word.StartsWith("loadmodule", StringComparison.Ordinal))
            {
                var module = Path.GetFileNameWithoutExtension(one);
                _modules.Add(module);
                defines.Set("MOD_" + module, string.Empty);
                _lines.Add(new ConfigLine(ConfigWord.Module, module, string.Empty, _preprocessor.State, place));
            }
            else
            {
                ReadScript(statement.Index);
                var included = Included(file, one);
                _lines.Add(new ConfigLine(ConfigWord.Include, word, included, _preprocessor.State, place));
                Include(included, isOptional: word == "import_file", place);
            }
        }

        ReadScript(text.Length);

        void ReadScript(int end)
        {
            _script.Read(text[scanned..end], file, firstLine + text.AsSpan(0, scanned).Count('\n'), _preprocessor.State == Condition.Yes);
            scanned = end;
        }
    }

    /// <summary>Of what is not in force, what an operator may take for being in force.</summary>
    private void Skip(string file, int firstLine, string text)
    {
        foreach (Match statement in Skipped().Matches(text))
        {
            var place = Place(file, firstLine + text.AsSpan(0, statement.Index).Count('\n'));
            var (word, name) = (statement.Groups["word"].Value, statement.Groups["name"].Value);
            _lines.Add((word.Length > 0
                ? new ConfigLine(ConfigWord.Include, word, Included(file, name), Condition.No, place)
                : new ConfigLine(ConfigWord.Call, name, string.Empty, Condition.No, place)) with { Within = _preprocessor.Closed });
        }
    }

    /// <summary>A relative path is searched for beside the including file.</summary>
    private static string Included(string file, string path) => Path.Combine(Path.GetDirectoryName(file) ?? "/", path);

    private static string Place(string file, int line) => string.Create(CultureInfo.InvariantCulture, $"{file}:{line}");

    [GeneratedRegex("""\b(?:(?<word>include_file|import_file)\b\s*\(?\s*"(?<name>[^"]*)"|route\s*\(\s*"?(?<name>\w+)"?\s*\))""")]
    private static partial Regex Skipped();

    [GeneratedRegex("""\b(?:(?<word>modparamx?)\s*\(\s*"(?<one>[^"]*)"\s*,\s*"(?<two>[^"]*)"\s*,\s*(?<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^)"']*)\s*\)|(?<word>loadmodulex?|include_file|import_file)\b\s*\(?\s*"(?<one>[^"]*)")""")]
    private static partial Regex Statement();
}

namespace KamRpcDispatcher.Doctor.Config.Reading;

/// <summary>Kamailio's preprocessor lines (<c>#!ifdef</c>, <c>#!define</c> ...), except those that include files.</summary>
internal sealed class Preprocessor(Defines defines)
{
    /// <summary>The releases to which <c>#!ifexp</c> and <c>#!defexp</c> are comments, by what they define themselves.</summary>
    private static readonly string[] ReleasesWithoutExpressions = ["KAMAILIO_5_4", "KAMAILIO_5_5", "KAMAILIO_5_6"];

    private readonly Stack<(Condition State, string Line)> _conditions = [];

    private bool KnowsExpressions => !ReleasesWithoutExpressions.Any(defines.Has);

    /// <summary>Whether what follows is in force.</summary>
    public Condition State => _conditions.Count == 0 ? Condition.Yes : _conditions.Min(static condition => condition.State);

    /// <summary>The outermost condition that keeps what follows out of force, and where it is; null where none does.</summary>
    public string? Closed => _conditions.LastOrDefault(static condition => condition.State == Condition.No).Line;

    /// <summary>The word and the rest of a preprocessor line; null when it is none.</summary>
    public static (string Word, string After)? Split(string line)
    {
        var text = line.TrimStart();
        if (!text.StartsWith("#!", StringComparison.Ordinal) && !text.StartsWith("!!", StringComparison.Ordinal))
        {
            return null;
        }

        var (word, rest) = FirstWord(text[2..]);
        return (word, rest);
    }

    /// <summary>What a line defines, whether or not it is in force; null for one that defines nothing, or what only Kamailio knows.</summary>
    public static (string Name, string Value)? Defined(string word, string rest) =>
        word is "define" or "def" or "redefine" or "redef" or "trydefine" or "trydef" ? FirstWord(rest) : null;

    /// <param name="word">The first word, without its mark.</param>
    /// <param name="rest">What follows it.</param>
    /// <param name="place">Where it is.</param>
    public void Run(string word, string rest, string place)
    {
        switch (word)
        {
            case "ifdef":
                Push(If(defines.Has(FirstWord(rest).Word)));
                break;
            case "ifndef":
                Push(If(!defines.Has(FirstWord(rest).Word)));
                break;
            case "ifexp" when KnowsExpressions:
                Push(Expression.Evaluate(rest, defines) switch { true => Condition.Yes, false => Condition.No, null => Condition.Unknown });
                break;
            case "else" when _conditions.TryPop(out var condition):
                var other = condition.State switch { Condition.Yes => Condition.No, Condition.No => Condition.Yes, _ => Condition.Unknown };
                _conditions.Push((other, $"the #!else of {condition.Line}"));
                break;
            case "endif":
                _conditions.TryPop(out _);
                break;
            default:
                if (State != Condition.No)
                {
                    Define(word, rest);
                }

                break;
        }

        void Push(Condition condition) => _conditions.Push((condition, $"#!{word} {rest} ({place})"));
    }

    private static Condition If(bool condition) => condition ? Condition.Yes : Condition.No;

    private void Define(string word, string rest)
    {
        var (name, value) = FirstWord(rest);
        switch (word)
        {
            case "define" or "def" or "redefine" or "redef":
                Set(name, value);
                break;
            case "trydefine" or "trydef" when !defines.Has(name):
                Set(name, value);
                break;
            case "undefine" or "undef" or "tryundef":
                defines.Unset(name);
                break;
            case "defexp" or "defexps" when KnowsExpressions:
                // Kamailio's own value is right, but only what it is at the end.
                defines.SetAsKamailio(name);
                if (Expression.Evaluate(value, defines) is { } isTrue)
                {
                    Set(name, (word, isTrue) switch { ("defexps", true) => "\"1\"", ("defexps", false) => "\"0\"", (_, true) => "1", _ => "0" });
                }

                break;
            case "defenv" or "defenvs" or "trydefenv" or "trydefenvs":
                // NAME, or ID=NAME.
                defines.SetAsKamailio(name.Split('=')[0]);
                break;
            case "substdef" or "substdefs" when rest.Trim('"') is [var mark, .. var text] && text.Split(mark) is [var id, var replacement, ..]:
                Set(id, replacement);
                break;
        }
    }

    private void Set(string name, string value)
    {
        if (State == Condition.Yes)
        {
            defines.Set(name, value);
        }
        else
        {
            defines.SetAsKamailio(name);
        }
    }

    private static (string Word, string After) FirstWord(string text)
    {
        text = text.Trim();
        var end = text.AsSpan().IndexOfAny(' ', '\t');
        return end < 0 ? (text, string.Empty) : (text[..end], text[end..].Trim());
    }
}

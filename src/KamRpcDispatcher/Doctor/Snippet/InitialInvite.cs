namespace KamRpcDispatcher.Doctor.Snippet;

/// <summary>What is known beforehand of the first request of a call: its method is INVITE, and it has no To tag.</summary>
internal static class InitialInvite
{
    /// <returns>Null when it depends on more than that.</returns>
    public static bool? Evaluate(IReadOnlyList<string> condition)
    {
        var at = 0;
        return Any(condition, ref at);
    }

    private static bool? Any(IReadOnlyList<string> tokens, ref int at)
    {
        var value = All(tokens, ref at);
        while (at < tokens.Count && tokens[at] is ("||" or "or"))
        {
            at++;
            var other = All(tokens, ref at);
            value = value is true || other is true ? true : value is null || other is null ? null : false;
        }

        return value;
    }

    private static bool? All(IReadOnlyList<string> tokens, ref int at)
    {
        var value = One(tokens, ref at);
        while (at < tokens.Count && tokens[at] is ("&&" or "and"))
        {
            at++;
            var other = One(tokens, ref at);
            value = value is false || other is false ? false : value is null || other is null ? null : true;
        }

        return value;
    }

    private static bool? One(IReadOnlyList<string> tokens, ref int at)
    {
        if (at >= tokens.Count)
        {
            return null;
        }

        if (tokens[at] is "!" or "not")
        {
            at++;
            return !One(tokens, ref at);
        }

        if (tokens[at] == "(")
        {
            at++;
            var value = Any(tokens, ref at);
            at++;
            return at >= tokens.Count || tokens[at] is "&&" or "||" or "and" or "or" or ")" ? value : Rest(tokens, ref at);
        }

        var known = tokens.Skip(at).Take(4).ToArray() switch
        {
            ["is_method", "(", ['"', .. var methods, '"'], ")"] => (bool?)methods.Split('|').Contains("INVITE"),
            ["has_totag", "(", ")", ..] => false,
            _ => null,
        };
        var begin = at;
        _ = Rest(tokens, ref at);

        // Compared with something it is not what it seems.
        return at - begin == (tokens[begin] == "is_method" ? 4 : 3) ? known : null;
    }

    /// <summary>Passes over what is not known.</summary>
    private static bool? Rest(IReadOnlyList<string> tokens, ref int at)
    {
        for (var depth = 0; at < tokens.Count && (depth > 0 || tokens[at] is not ("&&" or "||" or "and" or "or" or ")")); at++)
        {
            depth += tokens[at] switch { "(" => 1, ")" => -1, _ => 0 };
        }

        return null;
    }
}

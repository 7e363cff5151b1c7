namespace KamRpcDispatcher.Testing;

/// <summary>The flag bits of a destination, and the letters in which <c>set_state</c> takes and <c>dispatcher.list</c> shows them.</summary>
internal static class DestinationFlags
{
    private const int Inactive = 1;
    private const int Trying = 2;
    private const int Disabled = 4;
    private const int Probing = 8;

    public static string Letters(int flags)
    {
        var state = (flags & Inactive) != 0 ? "I" : (flags & Disabled) != 0 ? "D" : (flags & Trying) != 0 ? "T" : "A";
        return state + ((flags & Probing) != 0 ? "P" : "X");
    }

    /// <summary>Reads "AP", "IX" and the like, "DP" too: a list file can make such a destination.</summary>
    public static int FromLetters(string letters) => State(letters[0]) | ProbingIn(letters);

    /// <summary>Reads the first letter and a second p, no more. A disabled destination is never probed: "dp" is "d".</summary>
    /// <exception cref="RpcFault">The text is empty or begins with another letter.</exception>
    public static int FromState(string state)
    {
        if (state.Length == 0)
        {
            throw new RpcFault("Invalid State Parameter");
        }

        var flags = State(state[0]);
        return flags == Disabled ? flags : flags | ProbingIn(state);
    }

    private static int ProbingIn(string letters) => letters.Length > 1 && letters[1] is 'p' or 'P' ? Probing : 0;

    private static int State(char letter) => char.ToLowerInvariant(letter) switch
    {
        'a' => 0,
        'i' => Inactive,
        't' => Trying,
        'd' => Disabled,
        _ => throw new RpcFault("Unknown State Value"),
    };
}

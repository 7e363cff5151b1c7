namespace KamRpcDispatcher.Sources.Files;

/// <summary>What a file of members holds cannot be used.</summary>
/// <param name="line">Where, from 1.</param>
/// <param name="column">The byte of that line, from 1.</param>
/// <param name="fault">What is wrong, and what to do; safe to print.</param>
internal sealed class MemberFileException(int line, int column, string fault) : FormatException(FormattableString.Invariant($"{line}:{column}: {fault}"))
{
    public int Line { get; } = line;

    public int Column { get; } = column;

    /// <summary>Of a place in the text.</summary>
    public static MemberFileException At(ReadOnlySpan<byte> text, long at, string fault)
    {
        var before = text[..(int)Math.Clamp(at, 0, text.Length)];
        return new MemberFileException(before.Count((byte)'\n') + 1, before.Length - before.LastIndexOf((byte)'\n'), fault);
    }
}

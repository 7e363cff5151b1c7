namespace KamRpcDispatcher.Cli.Output;

/// <summary>What a piece of text is to stand out as.</summary>
internal enum Tone
{
    Plain,

    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Somebody has to act.</summary>
    Bad,

    /// <summary>Worth a look, or not known.</summary>
    Odd,

    /// <summary>Has just changed.</summary>
    Changed,

    /// <summary>A heading.</summary>
    Heading,
}

/// <summary>Colours for a terminal, or none.</summary>
internal sealed class Palette
{
    private const string Reset = "\u001b[0m";

    private readonly bool _hasColours;

    private Palette(bool hasColours) => _hasColours = hasColours;

    public static Palette None { get; } = new(hasColours: false);

    public static Palette Colours { get; } = new(hasColours: true);

    public string Paint(string text, Tone tone) => !_hasColours || text.Length == 0 ? text : tone switch
    {
        Tone.Good => "\u001b[32m" + text + Reset,
        Tone.Bad => "\u001b[1;31m" + text + Reset,
        Tone.Odd => "\u001b[33m" + text + Reset,
        Tone.Changed => "\u001b[7m" + text + Reset,
        Tone.Heading => "\u001b[1m" + text + Reset,
        _ => text,
    };
}

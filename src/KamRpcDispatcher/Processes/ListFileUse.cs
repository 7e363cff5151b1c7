namespace KamRpcDispatcher.Processes;

/// <summary>From which file a Kamailio loads its destinations, at its start and at <c>dispatcher.reload</c>, by its configuration.</summary>
/// <param name="Path">The file, as it can be opened from here; null where it is not known, or none is read.</param>
/// <param name="WhyUnknown">Why that is so; null where the file is known.</param>
/// <param name="IsStrict">Whether one line that cannot be used keeps it from loading any (<c>ds_load_mode</c> 1): then it does not start, either.</param>
internal sealed record ListFileUse(string? Path, string? WhyUnknown, bool IsStrict)
{
    /// <summary>The beginning of the line above the destinations of ours, where the file is kept by this tool.</summary>
    public const string Head = "# The lines below are kept by kamrpc dispatch";

    /// <summary>The file's name for people: as Kamailio calls it.</summary>
    public string? Name { get; init; } = Path;

    /// <summary>Whether it is known that no file is loaded.</summary>
    public bool IsNone { get; private init; }

    /// <summary>The file is not known.</summary>
    public static ListFileUse Unknown(string why) => new(null, why, IsStrict: true);

    /// <summary>None is loaded.</summary>
    public static ListFileUse None(string why) => new(null, why, IsStrict: true) { IsNone = true };
}

using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources.Records;

/// <summary>A record that cannot be used.</summary>
/// <param name="Key">Its key, made safe to print.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="KeepsLastGood">Whether the member's last usable record stays in force.</param>
public sealed record RejectedRecord(string Key, string Reason, bool KeepsLastGood)
{
    /// <summary>
    /// Whether it says, for all that is wrong with it, that the member is not ready, or an earlier one like it did: then the last usable record is in force without
    /// being ready.
    /// </summary>
    public bool IsNotReady { get; init; }

    /// <summary>Whose record it is; null where the key names no member.</summary>
    public MemberKey? Member { get; init; }

    /// <summary>The proxy that it concerns; null where it concerns none.</summary>
    public string? Proxy { get; init; }

    /// <summary>What becomes of the member.</summary>
    internal string Consequence =>
        !KeepsLastGood ? "it is left out" : IsNotReady ? "its last usable value stays in force, but not ready, as it says, or one before it said" : "its last usable value stays in force";
}

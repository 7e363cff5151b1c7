using System.Collections.Immutable;

namespace KamRpcDispatcher.Destinations.Operators;

/// <summary>An operator's shares of a set, by the values of one label: what each gets of the calls, whatever the number of its members.</summary>
/// <param name="Set">The set.</param>
/// <param name="Label">The label's name.</param>
/// <param name="Shares">Of each value its share in thousandths of all calls, 0 to 1,000, together 1,000. A value that is not named has none.</param>
public sealed record Split(int Set, string Label, ImmutableSortedDictionary<string, int> Shares)
{
    /// <summary>All calls, in the unit of <see cref="Shares"/>: a tenth of a per cent.</summary>
    public const int Whole = 1000;

    /// <summary>Who wishes it, such as <c>user@host</c>; empty where the record does not say.</summary>
    public string By { get; init; } = string.Empty;

    /// <summary>Since when; null where the record does not say.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Why, in the operator's words.</summary>
    public string? Reason { get; init; }

    /// <summary>Who has declared it in a file; null where somebody wishes it by hand.</summary>
    public string? Owner { get; init; }

    /// <summary>What a member gets a share by: its value of the label; null where it has none that has a share.</summary>
    public string? ValueOf(Member member)
    {
        ArgumentNullException.ThrowIfNull(member);
        return member.Labels.TryGetValue(Label, out var value) && Shares.GetValueOrDefault(value) > 0 ? value : null;
    }

    public bool Equals(Split? other) =>
        other is not null && (Set, Label, By, At, Reason, Owner) == (other.Set, other.Label, other.By, other.At, other.Reason, other.Owner) && Shares.SequenceEqual(other.Shares);

    public override int GetHashCode() => HashCode.Combine(Set, Label, Shares.Count);
}

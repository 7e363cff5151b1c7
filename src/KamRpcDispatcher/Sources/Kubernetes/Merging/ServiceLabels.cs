using System.Collections.Immutable;
using System.Globalization;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources.Kubernetes.Merging;

/// <summary>
/// What a Service's labels, which its slices carry, say of its members: those with the prefix <c>kamrpc/</c> set something, those without any prefix become labels of the
/// members, as far as they can be labels there.
/// </summary>
internal sealed record ServiceLabels
{
    public const string SetLabel = Prefix + "set";
    public const string WeightLabel = Prefix + "weight";
    public const string PriorityLabel = Prefix + "priority";
    public const string PortLabel = Prefix + "port";
    public const string FamilyLabel = Prefix + "family";

    private const string Prefix = "kamrpc/";

    /// <summary>The set; null for the one that the source gives.</summary>
    public int? Set { get; private init; }

    public int? Weight { get; private init; }

    public int Priority { get; private init; }

    /// <summary>The name of the port; null for none in particular.</summary>
    public string? Port { get; private init; }

    /// <summary>The family of addresses, IPv4 or IPv6; null for IPv4 where the Service has it.</summary>
    public string? Family { get; private init; }

    /// <summary>The labels of its members.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; private init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>What could not be used and is left out, each a sentence.</summary>
    public IReadOnlyList<string> Remarks { get; private init; } = [];

    /// <summary>Why nobody of the Service can be followed; null for no such reason.</summary>
    public string? Error { get; private init; }

    /// <param name="labels">Those of a slice.</param>
    /// <param name="sets">The sets that the source brings.</param>
    public static ServiceLabels Read(IReadOnlyDictionary<string, string?>? labels, IReadOnlySet<int> sets)
    {
        var remarks = new List<string>();
        var read = new ServiceLabels { Remarks = remarks };
        var taken = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, given) in (labels ?? ImmutableDictionary<string, string?>.Empty).OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            var value = given ?? string.Empty;
            if (name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                read = read.With(name, value, sets, remarks);
            }
            else if (!name.Contains('/', StringComparison.Ordinal) && taken.Count < MemberValidation.MaxAttributes / 2 && MemberValidation.CheckLabel(name, value) is null)
            {
                // Others, which Kubernetes allows and a member does not, are for others.
                taken[name] = value;
            }
        }

        return read with { Labels = taken.ToImmutable() };
    }

    /// <summary>The same in a set of before, in place of one that cannot be read.</summary>
    public ServiceLabels In(int set) => this with { Set = set, Error = null };

    private ServiceLabels With(string name, string value, IReadOnlySet<int> sets, List<string> remarks)
    {
        switch (name)
        {
            case SetLabel:
                return !TryNumber(value, out var set) ? this with { Error = $"the label {SetLabel} is no number of a set: '{SafeText.Shorten(value)}'" }
                    : sets.Contains(set) ? this with { Set = set }
                    : this with { Error = string.Create(CultureInfo.InvariantCulture, $"the label {SetLabel} asks for set {set}, which this --source does not bring: it brings {string.Join(", ", sets.Order())}") };
            case WeightLabel when TryNumber(value, out var weight) && MemberValidation.CheckWeight(weight) is null:
                return this with { Weight = weight };
            case PriorityLabel when TryNumber(value, out var priority) && MemberValidation.CheckPriority(priority) is null:
                return this with { Priority = priority };
            case PortLabel when value.Length > 0:
                return this with { Port = value };
            case FamilyLabel when value is "IPv4" or "IPv6":
                return this with { Family = value };
            case WeightLabel:
                remarks.Add($"the label {WeightLabel} is left out: it is no number from {MemberValidation.MinWeight} to {MemberValidation.MaxWeight}: '{SafeText.Shorten(value)}'");
                return this;
            case PriorityLabel:
                remarks.Add($"the label {PriorityLabel} is left out: it is no number from 0 to {MemberValidation.MaxPriority}: '{SafeText.Shorten(value)}'");
                return this;
            case FamilyLabel:
                remarks.Add($"the label {FamilyLabel} is left out: it is neither IPv4 nor IPv6: '{SafeText.Shorten(value)}'");
                return this;
            default:
                remarks.Add($"the label '{SafeText.Shorten(name)}' is left out: it is none of {SetLabel}, {WeightLabel}, {PriorityLabel}, {PortLabel} and {FamilyLabel}, or empty");
                return this;
        }
    }

    private static bool TryNumber(string value, out int number) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

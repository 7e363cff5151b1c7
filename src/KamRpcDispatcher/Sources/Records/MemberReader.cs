using System.Collections.Immutable;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;

namespace KamRpcDispatcher.Sources.Records;

/// <summary>Builds a member from the fields of its record; a <see cref="FormatException"/> names the field that is wrong.</summary>
/// <remarks>
/// By hand, since a serializer stops at the first thing that is wrong: a record that cannot be used may still say, further on, that its server is down, and what is ignored in one that can is told.
/// </remarks>
/// <param name="key">The member's key.</param>
/// <param name="beside">Fields that are somebody else's to read; null for none.</param>
/// <param name="takesNewStates">Whether a state that is not known is a newer version's, and so not ready; else it is a slip, and a fault.</param>
internal sealed class MemberReader(MemberKey key, IReadOnlySet<string>? beside = null, bool takesNewStates = true)
{
    private SipUri? _uri;
    private int? _weight;
    private TimeSpan? _slowStart;
    private bool _countsCalls;
    private int _priority;
    private ImmutableSortedDictionary<string, string> _attributes = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, string> _labels = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
    private readonly List<string> _ignored = [];
    private MemberState? _state;
    private string? _unknownState;
    private string? _reason;
    private DateTimeOffset? _since;

    /// <summary>What there is to say of the record, also when it could not be read to its end.</summary>
    public RecordRemarks Remarks => new(_ignored, _state);

    public Member Read(JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("the value is JSON, but not an object");
        }

        // Before all else: whatever is wrong with the rest, a member that is not ready gets no calls.
        if (record.TryGetProperty("state", out var state))
        {
            ReadState(state);
        }

        foreach (var field in record.EnumerateObject())
        {
            ReadField(field.Name, field.Value);
        }

        return new Member(key, _uri ?? throw new FormatException("uri is missing"))
        {
            Weight = _weight,
            SlowStart = _slowStart,
            CountsCalls = _countsCalls,
            Priority = _priority,
            Attributes = _attributes,
            Labels = _labels,
            State = _state ?? MemberState.Ready,
            Reason = _unknownState ?? _reason,
            Since = _since,
        };
    }

    private void ReadField(string name, JsonElement value)
    {
        switch (name)
        {
            case "uri":
                _uri = SipUri.TryParse(RecordFields.ReadText(name, value), out var uri, out var error) ? uri : throw new FormatException($"uri: {SafeText.Shorten(error)}");
                break;
            case "weight":
                _weight = RecordFields.ReadInteger(name, value, MemberValidation.CheckWeight);
                break;
            case "slowStart":
                _slowStart = TimeSpan.FromSeconds(RecordFields.ReadInteger(name, value, MemberValidation.CheckSlowStart));
                break;
            case "countsCalls":
                _countsCalls = RecordFields.ReadFlag(name, value);
                break;
            case "priority":
                _priority = RecordFields.ReadInteger(name, value, MemberValidation.CheckPriority);
                break;
            case "attrs":
                _attributes = Entries(name, value, MemberValidation.CheckAttribute);
                break;
            case "labels":
                _labels = Entries(name, value, MemberValidation.CheckLabel);
                break;
            case "state":
                break;
            case "reason":
                _reason = RecordFields.ReadReason(name, value);
                break;
            case "since":
                _since = RecordFields.ReadTime(name, value);
                break;
            case var _ when beside?.Contains(name) == true:
                break;
            default:
                _ignored.Add($"the field '{SafeText.Shorten(name)}' is not known");
                break;
        }
    }

    private void ReadState(JsonElement value)
    {
        // Until it is known.
        _state = MemberState.Down;
        var name = RecordFields.ReadText("state", value);
        if (MemberStateName.Find(name) is { } known)
        {
            _state = known;
            return;
        }

        if (!takesNewStates)
        {
            throw new FormatException($"state: '{SafeText.Shorten(name)}' is not a state; write {MemberStateName.All}");
        }

        _unknownState = $"the state '{SafeText.Shorten(name)}' is not known: not ready";
        _ignored.Add(_unknownState);
    }

    private static ImmutableSortedDictionary<string, string> Entries(string name, JsonElement value, Func<string, string, string?> check)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"{name}: not an object of names and strings");
        }

        var entries = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var entry in value.EnumerateObject())
        {
            var text = RecordFields.ReadText($"{name}.{SafeText.Shorten(entry.Name)}", entry.Value);
            if (check(entry.Name, text) is { } error)
            {
                throw new FormatException(error);
            }

            entries.Add(entry.Name, text);
        }

        return MemberValidation.CheckCount(name, entries.Count) is { } tooMany ? throw new FormatException(tooMany) : entries.ToImmutable();
    }
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd;

/// <summary>Builds a proxy's status from the fields of its report; a <see cref="FormatException"/> names the field that is wrong.</summary>
internal sealed class ProxyReader(JsonElement report)
{
    public ProxyStatus Read()
    {
        if (report.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("the value is JSON, but not an object");
        }

        return new ProxyStatus(
            Count(report, "revision", long.MaxValue),
            Time(report, "appliedAt"),
            Text(report, "kamailio"),
            (int)Count(report, "drift", int.MaxValue),
            Field(report, "sets", JsonValueKind.Object).EnumerateObject().ToImmutableSortedDictionary(static set => SetNumber(set.Name), ReadSet))
        {
            // An earlier version's report may not have these; the writer leaves them out when there is nothing to say.
            Held = Items("held", ReadHeld),
            Quarantined = Items("quarantined", ReadQuarantined),
            Superseded = Items("superseded", ReadSuperseded),
            MoreSuperseded = report.TryGetProperty("moreSuperseded", out _) ? (int)Count(report, "moreSuperseded", int.MaxValue) : 0,
            Silenced = report.TryGetProperty("silenced", out _) ? Count(report, "silenced", long.MaxValue) : null,
            Applies = report.TryGetProperty("applies", out _) ? [.. Field(report, "applies", JsonValueKind.Array).EnumerateArray().Select(ReadKind)] : [],
            Identity = ReadIdentity(),
            Troubles = [.. Items("trouble", ReadTrouble).Take(ProxyTrouble.MostInReport)],
            IsFromSnapshot = Flag(report, "fromSnapshot"),
            Grace = ReadGrace(),
        };
    }

    /// <summary>What of it is needed to leave, so that no other part which a newer version writes in another way keeps anybody waiting.</summary>
    public ProxyProgress ReadProgress() => report.ValueKind != JsonValueKind.Object
        ? throw new FormatException("the value is JSON, but not an object")

        // An earlier version does not say what is silenced: then only what is in force whole counts.
        : new ProxyProgress(Count(report, report.TryGetProperty("silenced", out _) ? "silenced" : "revision", long.MaxValue), ReadableSuperseded());

    private static int SetNumber(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var set) && set.ToString(CultureInfo.InvariantCulture) == text
            ? set
            : throw new FormatException($"sets: '{MemberRules.Shorten(text)}' is not a set's number");

    private static SetStatus ReadSet(JsonProperty set) =>
        new((int)Count(set.Value, "destinations", int.MaxValue), (int)Count(set.Value, "routable", int.MaxValue));

    private static Member ReadHeld(JsonElement entry)
    {
        var key = Key(entry, "held", "member");
        return SipUri.TryParse(Text(entry, "uri"), out var uri, out var error)
            ? new Member(key, uri)
            : throw new FormatException($"held: {MemberRules.Shorten(error)}");
    }

    private static QuarantinedDestination ReadQuarantined(JsonElement entry) =>
        new((int)Count(entry, "set", int.MaxValue), Text(entry, "uri"), Text(entry, "reason"), Time(entry, "retryAt"));

    private static SupersededMember ReadSuperseded(JsonElement entry) => new(Key(entry, "superseded", "member"), Key(entry, "superseded", "by"), Flag(entry, "served"));

    /// <summary>Those that can be understood: what a newer version says of others keeps nobody from leaving.</summary>
    private ImmutableArray<SupersededMember> ReadableSuperseded()
    {
        if (!report.TryGetProperty("superseded", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        var read = ImmutableArray.CreateBuilder<SupersededMember>();
        foreach (var entry in list.EnumerateArray())
        {
            try
            {
                read.Add(ReadSuperseded(entry));
            }
            catch (FormatException)
            {
                // It has to be left out.
            }
        }

        return read.ToImmutable();
    }

    private static string ReadKind(JsonElement kind) =>
        kind.ValueKind == JsonValueKind.String ? kind.GetString()! : throw new FormatException("applies holds something else than text");

    private static ProxyTrouble ReadTrouble(JsonElement entry) =>
        new ProxyTrouble(Text(entry, "kind"), Time(entry, "since"), Text(entry, "text")).Capped();

    private static MemberKey Key(JsonElement of, string array, string name) =>
        MemberKey.TryParse(Text(of, name), out var key, out var error) ? key : throw new FormatException($"{array}: {error}");

    private static bool Flag(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value)
            && (value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw new FormatException($"{name} is neither true nor false"));

    private ProxyIdentity? ReadIdentity()
    {
        if (!report.TryGetProperty("identity", out _))
        {
            return null;
        }

        var identity = Field(report, "identity", JsonValueKind.Object);
        return new ProxyIdentity(
            Text(identity, "machine"),
            Text(identity, "host"),
            Text(identity, "kamailio"),
            identity.TryGetProperty("process", out _) ? Text(identity, "process") : null);
    }

    private GraceStatus ReadGrace()
    {
        if (!report.TryGetProperty("grace", out _))
        {
            return default;
        }

        var grace = Field(report, "grace", JsonValueKind.Object);
        var isModeKnown = grace.TryGetProperty("mode", out var mode) && mode.ValueKind != JsonValueKind.Null;
        return new GraceStatus(
            isModeKnown ? Text(grace, "mode") : string.Empty,
            Count(grace, "count", long.MaxValue),
            Milliseconds(grace, "p50Ms"),
            Milliseconds(grace, "p99Ms"),
            Milliseconds(grace, "maxMs"),
            Count(grace, "timeouts", long.MaxValue));
    }

    private ImmutableArray<T> Items<T>(string name, Func<JsonElement, T> read) =>
        report.TryGetProperty(name, out _) ? [.. Field(report, name, JsonValueKind.Array).EnumerateArray().Select(read)] : [];

    private static string Text(JsonElement of, string name) => Field(of, name, JsonValueKind.String).GetString()!;

    private static DateTimeOffset Time(JsonElement of, string name) =>
        Field(of, name, JsonValueKind.String).TryGetDateTimeOffset(out var time)
            ? time
            : throw new FormatException($"{name} is not a time such as 2026-01-31T12:00:00Z");

    private static long Count(JsonElement of, string name, long most) =>
        Field(of, name, JsonValueKind.Number).TryGetInt64(out var number) && number >= 0 && number <= most
            ? number
            : throw new FormatException($"{name} is not a whole number from 0 to {most}");

    private static double Milliseconds(JsonElement of, string name) =>
        Field(of, name, JsonValueKind.Number).TryGetDouble(out var number) && double.IsFinite(number) && number >= 0
            ? number
            : throw new FormatException($"{name} is not a number of milliseconds");

    private static JsonElement Field(JsonElement of, string name, JsonValueKind kind) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind == kind
            ? value
            : throw new FormatException($"{name} is missing, or of the wrong kind");
}

using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>A rollout's value in etcd: a JSON object; <c>id</c>, <c>kind</c>, <c>phase</c> and <c>since</c> are always there, and <c>restart</c>, or <c>label</c>, <c>to</c>, <c>others</c>, <c>steps</c> and <c>step</c>.</summary>
public static class RolloutRecord
{
    /// <summary>The longest value read, in bytes.</summary>
    public const int MaxLength = 128 * 1024;

    /// <summary>The longest command of a gate, in characters.</summary>
    public const int MaxGateLength = 4096;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    private static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false };

    public static byte[] Write(Rollout rollout)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("id", rollout.Id);
            writer.WriteString("kind", RolloutText.Of(rollout.Kind));
            if (rollout.Restart is { } restart)
            {
                RollingRecord.Write(writer, restart);
            }
            else
            {
                WriteSteps(writer, rollout);
            }

            writer.WriteString("phase", RolloutText.Of(rollout.Phase));
            writer.WriteString("since", rollout.Since.UtcDateTime);
            writer.WriteNumber("intervalMilliseconds", (long)rollout.Interval.TotalMilliseconds);
            WriteText(writer, "gate", rollout.Gate);
            writer.WriteNumber("gateTimeoutMilliseconds", (long)rollout.GateTimeout.TotalMilliseconds);
            writer.WriteNumber("failures", rollout.Failures);
            writer.WriteNumber("failed", rollout.Failed);
            writer.WriteString("minReady", rollout.MinReady.ToString());
            writer.WriteBoolean("force", rollout.IsForced);
            WriteProxies(writer, rollout);
            writer.WriteString("by", rollout.By);
            WriteText(writer, "reason", rollout.Reason);
            WriteText(writer, "message", rollout.Message);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a value; <paramref name="error"/> names the first thing that is wrong with it. A field that is not known is of a newer version, and left out.</summary>
    public static bool TryRead(int set, ReadOnlyMemory<byte> value, [NotNullWhen(true)] out Rollout? rollout, [NotNullWhen(false)] out string? error) =>
        RecordJson.TryRead(value, MaxLength, ReaderOptions, record => Read(set, record), out rollout, out error);

    /// <summary>What is wrong with steps; null for nothing.</summary>
    public static string? CheckSteps(IReadOnlyList<int> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        return steps.Count is 0 or > Rollout.MostSteps ? $"{steps.Count} steps, not 1 to {Rollout.MostSteps}"
            : steps.Any(static step => step is < 0 or > Split.Whole) ? "not each step is from 0 to 100"
            : steps.Zip(steps.Skip(1)).Where(static pair => pair.First >= pair.Second)
                .Select(static pair => $"{SplitRecord.Text(pair.Second)} comes after {SplitRecord.Text(pair.First)}: each step is more than the one before it").FirstOrDefault();
    }

    private static void WriteSteps(Utf8JsonWriter writer, Rollout rollout)
    {
        writer.WriteString("label", rollout.Label);
        writer.WriteString("to", rollout.To);
        WriteShares(writer, "before", rollout.Before);
        WriteShares(writer, "others", rollout.Others);
        writer.WriteStartArray("steps");
        foreach (var step in rollout.Steps)
        {
            writer.WriteNumberValue((decimal)step / PerCent);
        }

        writer.WriteEndArray();
        writer.WriteNumber("step", rollout.Step);
    }

    private const int PerCent = Split.Whole / 100;

    private static Rollout Read(int set, JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("the value is JSON, but not an object");
        }

        var given = new HashSet<string>(StringComparer.Ordinal);
        var rollout = new Rollout(set, string.Empty, default, string.Empty, string.Empty);
        foreach (var (name, value) in record.EnumerateObject().Select(static field => (field.Name, field.Value)).Where(static field => field.Value.ValueKind != JsonValueKind.Null))
        {
            given.Add(name);
            rollout = name switch
            {
                "id" => rollout with { Id = RecordFields.ReadReason(name, value) },
                "kind" => rollout with { Kind = ReadOne(name, value, RolloutText.Of, Enum.GetValues<RolloutKind>()) },
                "label" => rollout with { Label = RecordFields.ReadText(name, value) },
                "to" => rollout with { To = RecordFields.ReadText(name, value) },
                "before" => rollout with { Before = SplitRecord.ReadShares(name, value) },
                "others" => rollout with { Others = SplitRecord.ReadShares(name, value) },
                "steps" => rollout with { Steps = ReadSteps(value) },
                "step" => rollout with { Step = ReadCount(name, value, Rollout.MostSteps) },
                "phase" => rollout with { Phase = ReadOne(name, value, RolloutText.Of, Enum.GetValues<RolloutPhase>()) },
                "since" => rollout with { Since = RecordFields.ReadTime(name, value) },
                "intervalMilliseconds" => rollout with { Interval = ReadDuration(name, value) },
                "restart" => rollout with { Restart = RollingRecord.Read(set, value) },
                "gate" => rollout with { Gate = RecordFields.ReadText(name, value) },
                "gateTimeoutMilliseconds" => rollout with { GateTimeout = ReadDuration(name, value) },
                "failures" => rollout with { Failures = ReadCount(name, value, 1000) },
                "failed" => rollout with { Failed = ReadCount(name, value, 1000) },
                "minReady" => rollout with { MinReady = MinReady.TryParse(RecordFields.ReadText(name, value), out var least, out var wrong) ? least : throw new FormatException($"{name}: {SafeText.Shorten(wrong)}") },
                "force" => rollout with { IsForced = RecordFields.ReadFlag(name, value) },
                "proxies" => rollout with { Proxies = ReadProxies(name, value) },
                "by" => rollout with { By = RecordFields.ReadReason(name, value) },
                "reason" => rollout with { Reason = RecordFields.ReadReason(name, value) },
                "message" => rollout with { Message = RecordFields.ReadReason(name, value) },
                _ => rollout,
            };
        }

        return NeededOf(rollout.Kind).Except(given).Order(StringComparer.Ordinal).FirstOrDefault() is { } missing ? throw new FormatException($"{missing}: is missing")
            : Check(rollout) is { } error ? throw new FormatException(error)
            : rollout;
    }

    private static string[] NeededOf(RolloutKind kind) => ["id", "kind", "phase", "since", .. kind == RolloutKind.Rolling ? ["restart"] : new[] { "label", "to", "others", "steps", "step" }];

    private static string? Check(Rollout rollout) =>
        rollout.Restart is not null ? (rollout.Kind == RolloutKind.Rolling ? null : $"restart: there is none in a {RolloutText.Of(rollout.Kind)}")
        : CheckSteps(rollout.Steps) is { } steps ? $"steps: {steps}"
        : rollout.Step >= rollout.Steps.Length ? $"step: {rollout.Step} is not one of {rollout.Steps.Length}"
        : rollout.Others.ContainsKey(rollout.To) ? "others: the value that is to get the calls is among them"
        : rollout.Gate is { Length: 0 or > MaxGateLength } ? $"gate: not 1 to {MaxGateLength} characters"
        : SplitRecord.Check(rollout.Label, rollout.Others) is { } others ? $"others: {others}"
        : SplitRecord.Check(rollout.Label, rollout.SharesAt(rollout.Share)) is { } wished ? wished
        : rollout.Before is { } before && SplitRecord.Check(rollout.Label, before) is { } wrong ? $"before: {wrong}"
        : null;

    internal static T ReadOne<T>(string name, JsonElement value, Func<T, string> text, T[] all)
        where T : struct, Enum
    {
        var read = RecordFields.ReadText(name, value);
        return all.Select(static one => (T?)one).FirstOrDefault(one => text(one!.Value) == read) ?? throw new FormatException($"{name}: '{SafeText.Shorten(read)}' is not {string.Join(", ", all.Select(text))}");
    }

    private static ImmutableArray<int> ReadSteps(JsonElement value) =>
        value.ValueKind != JsonValueKind.Array ? throw new FormatException("steps: not an array")
        : value.GetArrayLength() > Rollout.MostSteps ? throw new FormatException($"steps: more than {Rollout.MostSteps}")
        : [.. value.EnumerateArray().Select(static step => SplitRecord.ReadShare("steps", step))];

    internal static TimeSpan ReadDuration(string name, JsonElement value) => TimeSpan.FromMilliseconds(
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0 && number <= (long)Longest.TotalMilliseconds
            ? number
            : throw new FormatException($"{name}: '{SafeText.Shorten(value.GetRawText())}' is not a number of milliseconds up to {(long)Longest.TotalMilliseconds}"));

    internal static int ReadCount(string name, JsonElement value, int most) =>
        RecordFields.ReadInteger(name, value, number => number >= 0 && number <= most ? null : string.Create(CultureInfo.InvariantCulture, $"{name}: {number} is not from 0 to {most}"));

    private static void WriteProxies(Utf8JsonWriter writer, Rollout rollout)
    {
        if (rollout.Proxies.IsEmpty)
        {
            return;
        }

        writer.WriteStartObject("proxies");
        foreach (var (name, step) in rollout.Proxies)
        {
            writer.WriteNumber(name, step);
        }

        writer.WriteEndObject();
    }

    private static ImmutableSortedDictionary<string, int> ReadProxies(string field, JsonElement value)
    {
        List<(string Name, JsonElement Step)> all = value.ValueKind == JsonValueKind.Object ? [.. value.EnumerateObject().Select(static one => (one.Name, one.Value))] : throw new FormatException($"{field}: not an object");
        return all.Count > RolloutProxies.Most ? throw new FormatException($"{field}: more than {RolloutProxies.Most}")
            : all.Select(static one => MemberValidation.CheckName(one.Name)).FirstOrDefault(static wrong => wrong is not null) is { } error ? throw new FormatException($"{field}: {SafeText.Shorten(error)}")
            : Rollout.NoProxies.AddRange(all.Select(one => KeyValuePair.Create(one.Name, ReadCount(field, one.Step, Rollout.MostSteps))));
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null)
        {
            writer.WriteString(name, text);
        }
    }

    private static void WriteShares(Utf8JsonWriter writer, string name, ImmutableSortedDictionary<string, int>? shares)
    {
        if (shares is not null)
        {
            SplitRecord.WriteShares(writer, name, shares);
        }
    }
}

using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>What stands in etcd of a set's rollout, at one revision.</summary>
/// <param name="Set">The set.</param>
/// <param name="Revision">The store's revision that was read.</param>
/// <param name="Rollout">The rollout; null for none, and where it cannot be read.</param>
public sealed record RolloutView(int Set, long Revision, Rollout? Rollout)
{
    /// <summary>Why the rollout cannot be read, safe to print; null where it can, and where there is none.</summary>
    public string? Error { get; init; }

    /// <summary>The revision that wrote the rollout; 0 for none.</summary>
    public long ModRevision { get; init; }

    /// <summary>The split of the set; null for none, and where it cannot be read.</summary>
    public Split? Split { get; init; }

    /// <summary>Why the split cannot be read, safe to print.</summary>
    public string? SplitError { get; init; }

    /// <summary>The revision that wrote the split; 0 for none.</summary>
    public long SplitRevision { get; init; }

    /// <summary>Who runs it; null where nobody does.</summary>
    public RolloutRunnerRecord? Runner { get; init; }

    /// <summary>The revision that created the runner's key; 0 for none.</summary>
    internal long RunnerRevision { get; init; }

    /// <summary>Those whom the record has as drained by the rollout, and whose drain is not its any more, since somebody else took it back or over; null where nobody has looked.</summary>
    public IReadOnlyList<string>? Undrained { get; init; }

    /// <summary>Whether the split is what the rollout wishes.</summary>
    public bool IsAsWished => Rollout is { Restart: not null } || (Rollout is { Wished: var wished } && SplitError is null && (wished is null ? Split is null : Split is not null && Split.Label == Rollout.Label && Split.Shares.SequenceEqual(wished)));
}

/// <summary>Who runs a rollout.</summary>
/// <param name="By">Who, such as <c>user@host</c>.</param>
/// <param name="Host">The machine.</param>
/// <param name="Pid">The process there.</param>
/// <param name="Token">Tells it from every other run.</param>
public sealed record RolloutRunnerRecord(string By, string Host, int Pid, string Token)
{
    private const int MaxLength = 4096;

    /// <summary>What it said last of what it does, or waits for; null where it has not said anything.</summary>
    public string? Says { get; init; }

    private static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false };

    /// <summary>Whoever cannot be read is there all the same.</summary>
    internal static RolloutRunnerRecord Unknown { get; } = new("somebody", "?", 0, string.Empty);

    internal byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("by", By);
            writer.WriteString("host", Host);
            writer.WriteNumber("pid", Pid);
            writer.WriteString("token", Token);
            if (Says is { } says)
            {
                writer.WriteString("says", says);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    internal static bool TryRead(ReadOnlyMemory<byte> value, [NotNullWhen(true)] out RolloutRunnerRecord? runner)
    {
        runner = null;
        return value.Length <= MaxLength && RecordJson.TryRead(value, ReaderOptions, Read, out runner, out _);
    }

    private static RolloutRunnerRecord Read(JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("the value is JSON, but not an object");
        }

        var runner = Unknown;
        foreach (var field in record.EnumerateObject())
        {
            runner = field.Name switch
            {
                "by" => runner with { By = RecordFields.ReadReason("by", field.Value) },
                "host" => runner with { Host = RecordFields.ReadReason("host", field.Value) },
                "pid" => runner with { Pid = RecordFields.ReadInteger("pid", field.Value, static number => number is >= 0 and <= int.MaxValue ? null : "pid: not a process id") },
                "says" => runner with { Says = RecordFields.ReadReason("says", field.Value) },
                "token" => runner with { Token = RecordFields.ReadReason("token", field.Value) },
                _ => runner,
            };
        }

        return runner;
    }
}

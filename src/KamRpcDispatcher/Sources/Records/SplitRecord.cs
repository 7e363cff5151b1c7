using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Sources.Records;

/// <summary>
/// A split's value in etcd: a JSON object of <c>label</c>, <c>shares</c> (an object of the label's values, each with per cent of all calls in steps of 0.1, together 100), <c>by</c>,
/// <c>at</c>, <c>reason</c> and <c>owner</c>; the first two are required.
/// </summary>
public static class SplitRecord
{
    /// <summary>The longest value read, in bytes.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>As many values of a label may have a share: each is a class with a number of its own.</summary>
    public const int MostShares = 100;

    private const int PerCent = Split.Whole / 100;

    private static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false };

    public static byte[] Write(Split split)
    {
        ArgumentNullException.ThrowIfNull(split);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("label", split.Label);
            WriteShares(writer, "shares", split.Shares);
            RecordFields.WriteOrigin(writer, split.By, split.At, split.Reason, split.Owner);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a value; <paramref name="error"/> names the first thing that is wrong with it. A field that is not known is of a newer version, and left out.</summary>
    public static bool TryRead(int set, ReadOnlyMemory<byte> value, [NotNullWhen(true)] out Split? split, [NotNullWhen(false)] out string? error) =>
        RecordJson.TryRead(value, MaxLength, ReaderOptions, record => Read(set, record), out split, out error);

    /// <summary>Says what is wrong with the shares of a label; null for nothing.</summary>
    public static string? Check(string label, IReadOnlyDictionary<string, int> shares)
    {
        ArgumentNullException.ThrowIfNull(shares);
        return shares.Keys.Select(value => MemberValidation.CheckLabel(label, value)).FirstOrDefault(static error => error is not null)
            ?? (shares.Keys.Contains(string.Empty) ? $"shares: a value of the label '{label}' is empty"
                : shares.Count is 0 or > MostShares ? $"shares: {shares.Count} values, not 1 to {MostShares}"
                : shares.Values.Any(static share => share is < 0 or > Split.Whole) ? "shares: not each from 0 to 100"
                : shares.Values.Sum() is var sum && sum != Split.Whole ? $"shares: together {Text(sum)}, not 100"
                : null);
    }

    /// <summary>A share as people write it: 95, or 0.5.</summary>
    public static string Text(int share) => ((decimal)share / PerCent).ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>A split as people write it, such as <c>version=v1:95 v2:5</c>; <c>not split</c> for none.</summary>
    public static string Text(Split? split) =>
        split is null ? "not split" : $"{split.Label}={string.Join(' ', split.Shares.Select(static share => $"{share.Key}:{Text(share.Value)}"))}";

    private static Split Read(int set, JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("the value is JSON, but not an object");
        }

        string? label = null;
        ImmutableSortedDictionary<string, int>? shares = null;
        var split = new Split(set, string.Empty, ImmutableSortedDictionary.Create<string, int>(StringComparer.Ordinal));
        foreach (var field in record.EnumerateObject())
        {
            switch (field.Name)
            {
                case "label":
                    label = RecordFields.ReadText("label", field.Value);
                    break;
                case "shares":
                    shares = ReadShares("shares", field.Value);
                    break;
                case "by":
                    split = split with { By = RecordFields.ReadReason("by", field.Value) };
                    break;
                case "at":
                    split = split with { At = RecordFields.ReadTime("at", field.Value) };
                    break;
                case "reason":
                    split = split with { Reason = RecordFields.ReadReason("reason", field.Value) };
                    break;
                case "owner":
                    split = split with { Owner = RecordFields.ReadReason("owner", field.Value) };
                    break;
            }
        }

        return label is null ? throw new FormatException("label is missing")
            : shares is null ? throw new FormatException("shares is missing")
            : Check(label, shares) is { } wrong ? throw new FormatException(wrong)
            : split with { Label = label, Shares = shares };
    }

    /// <summary>Writes shares as per cent.</summary>
    internal static void WriteShares(Utf8JsonWriter writer, string name, ImmutableSortedDictionary<string, int> shares)
    {
        writer.WriteStartObject(name);
        foreach (var (value, share) in shares)
        {
            writer.WriteNumber(value, (decimal)share / PerCent);
        }

        writer.WriteEndObject();
    }

    /// <summary>Reads what <see cref="WriteShares"/> writes.</summary>
    internal static ImmutableSortedDictionary<string, int> ReadShares(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"{name}: not an object");
        }

        var shares = ImmutableSortedDictionary.CreateBuilder<string, int>(StringComparer.Ordinal);
        foreach (var share in value.EnumerateObject())
        {
            shares[share.Name] = ReadShare($"{name}: {SafeText.Shorten(share.Name)}", share.Value);
        }

        return shares.ToImmutable();
    }

    /// <summary>Whether it is per cent in steps of 0.1, and what that is in thousandths.</summary>
    internal static bool TryShare(decimal percent, out int share)
    {
        var isShare = percent is >= 0 and <= 100 && percent * PerCent == decimal.Truncate(percent * PerCent);
        share = isShare ? (int)(percent * PerCent) : 0;
        return isShare;
    }

    /// <summary>Reads per cent in steps of 0.1.</summary>
    internal static int ReadShare(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var percent) && TryShare(percent, out var share)
            ? share
            : throw new FormatException($"{name}: '{SafeText.Shorten(value.GetRawText())}' is not a percentage in steps of 0.1");
}

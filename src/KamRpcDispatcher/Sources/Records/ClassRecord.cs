using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources.Records;

/// <summary>The value of <c>classes/&lt;set&gt;</c> in etcd: a JSON object of the names of classes, each with the number of its set in Kamailio.</summary>
public static class ClassRecord
{
    /// <summary>The longest value read, in bytes.</summary>
    public const int MaxLength = 256 * 1024;

    private static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false };

    /// <param name="numbers">Of each class its number, 1 to 999, by the class's name.</param>
    public static byte[] Write(IReadOnlyDictionary<string, int> numbers)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var (name, number) in numbers.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
            {
                writer.WriteNumber(name, ClassSets.Base + number);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a value; <paramref name="error"/> names the first thing that is wrong with it.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> value, [NotNullWhen(true)] out ImmutableSortedDictionary<string, int>? numbers, [NotNullWhen(false)] out string? error) =>
        RecordJson.TryRead(value, MaxLength, ReaderOptions, Read, out numbers, out error);

    private static ImmutableSortedDictionary<string, int> Read(JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("the value is JSON, but not an object");
        }

        var numbers = ImmutableSortedDictionary.CreateBuilder<string, int>(StringComparer.Ordinal);
        foreach (var field in record.EnumerateObject())
        {
            if (field.Name.Length is 0 or > ClassSets.MaxNameLength)
            {
                throw new FormatException($"a class's name has {field.Name.Length} characters, not 1 to {ClassSets.MaxNameLength}");
            }

            numbers[field.Name] = RecordFields.ReadInteger(
                SafeText.Shorten(field.Name),
                field.Value,
                static set => set is > ClassSets.Base and <= ClassSets.Base + ClassSets.Most ? null : $"the class set {set} is not from {ClassSets.Base + 1} to {ClassSets.Base + ClassSets.Most}") - ClassSets.Base;
        }

        return numbers.Values.Distinct().Count() == numbers.Count ? numbers.ToImmutable() : throw new FormatException("two classes have one number");
    }
}

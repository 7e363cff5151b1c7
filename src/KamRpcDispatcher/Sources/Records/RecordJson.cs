using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace KamRpcDispatcher.Sources.Records;

/// <summary>Reads an untrusted JSON value, and says in one sentence what is wrong with it.</summary>
internal static class RecordJson
{
    /// <summary>The same of a value that may have so many bytes at most.</summary>
    public static bool TryRead<T>(
        ReadOnlyMemory<byte> value,
        int maxLength,
        JsonDocumentOptions options,
        Func<JsonElement, T> read,
        [NotNullWhen(true)] out T? record,
        [NotNullWhen(false)] out string? error)
        where T : class
    {
        if (value.Length <= maxLength)
        {
            return TryRead(value, options, read, out record, out error);
        }

        (record, error) = (null, $"the value has {value.Length} bytes, more than {maxLength}");
        return false;
    }

    /// <param name="value">The value.</param>
    /// <param name="options">How deep it may nest, and the like.</param>
    /// <param name="read">Builds the record; a <see cref="FormatException"/> of it names what is wrong.</param>
    /// <param name="record">What was read.</param>
    /// <param name="error">The reason when nothing was.</param>
    public static bool TryRead<T>(
        ReadOnlyMemory<byte> value,
        JsonDocumentOptions options,
        Func<JsonElement, T> read,
        [NotNullWhen(true)] out T? record,
        [NotNullWhen(false)] out string? error)
        where T : class
    {
        record = null;
        try
        {
            using var document = JsonDocument.Parse(value, options);
            record = read(document.RootElement);
            error = null;
            return true;
        }
        catch (JsonException exception)
        {
            error = $"the value is not JSON of the kind expected: {JsonFault.Of(exception, value.Span)}";
        }
        catch (FormatException exception)
        {
            error = exception.Message;
        }
        catch (InvalidOperationException)
        {
            // What System.Text.Json throws for a string that it cannot decode; every kind of value was checked before it was read.
            error = "a string in the value is not valid UTF-8";
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A fault of the reader's: one record must not stop the others.
            error = $"the value cannot be read ({exception.GetType().Name}), which is a fault of kamrpc; please report it";
        }

        return false;
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd;

/// <summary>Reads a proxy's value in etcd, which <see cref="ProxyReport"/> writes.</summary>
/// <remarks>
/// Whoever may write in etcd may write this. Fields that are not known are a newer version's and left out; a known one that is of the
/// wrong kind makes the whole report unreadable. Its texts are as they were found: shorten them before printing.
/// </remarks>
public static class ProxyRecord
{
    // A name that is there twice is not what its writer meant.
    private static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a value; <paramref name="error"/> names the first thing that is wrong with it, safe to print.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> value, [NotNullWhen(true)] out ProxyStatus? status, [NotNullWhen(false)] out string? error)
    {
        status = null;
        try
        {
            using var document = JsonDocument.Parse(value, ReaderOptions);
            status = new ProxyReader(document.RootElement).Read();
            error = null;
            return true;
        }
        catch (JsonException exception)
        {
            error = $"the value is not JSON of the kind expected: {MemberRules.Shorten(exception.Message)}";
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

        return false;
    }
}

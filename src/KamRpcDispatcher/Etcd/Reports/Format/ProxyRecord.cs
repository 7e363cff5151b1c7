using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd.Reports.Format;

/// <summary>Reads a proxy's value in etcd, which <c>ProxyReport</c> writes.</summary>
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
        return RecordJson.TryRead(value, ReaderOptions, static root => new ProxyReader(root).Read(), out status, out error);
    }

    /// <summary>Reads how far the proxy is; null when even that cannot be read.</summary>
    internal static ProxyProgress? ReadProgress(ReadOnlyMemory<byte> value) =>
        RecordJson.TryRead(value, ReaderOptions, static root => new ProgressReader(root).Read(), out var progress, out _) ? progress : null;
}

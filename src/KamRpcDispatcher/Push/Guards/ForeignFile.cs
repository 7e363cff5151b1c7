using System.Buffers;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Linux;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Guards;

/// <summary>
/// What others have put into Kamailio's list by name, in a file that outlives the daemon: one that is killed between a change and the reading
/// after it knows nothing of what the change cost.
/// </summary>
/// <remarks>Written when it changes, and good for the life of Kamailio that it names. One that others may write is not believed.</remarks>
/// <param name="path">The file.</param>
/// <param name="logger">Where to log.</param>
internal sealed class ForeignFile(string path, ILogger logger)
{
    private const int MaxLength = 4 * 1024 * 1024;

    private (KamailioInstance Instance, IReadOnlyList<ListedDestination> Entries)? _known;
    private bool _isFailing;

    /// <summary>What stood in the list of this Kamailio, or was to be put back; empty where nothing is known.</summary>
    public IReadOnlyList<ListedDestination> Read(KamailioInstance instance)
    {
        try
        {
            using var directory = SafeDirectory.Open(Path.GetDirectoryName(path)!);
            using var handle = directory.OpenBelieved(Path.GetFileName(path));
            if (handle is null)
            {
                return [];
            }

            var length = RandomAccess.GetLength(handle);
            var content = new byte[length <= MaxLength ? length : throw new FormatException($"it has {length} bytes, more than {MaxLength}")];
            var read = RandomAccess.Read(handle, content, 0);
            using var document = JsonDocument.Parse(content.AsMemory(0, read));
            var root = document.RootElement;
            var found = new KamailioInstance(Text(root, "upSince"), Text(root, "peer"));
            IReadOnlyList<ListedDestination> entries = [.. Field(root, "entries", JsonValueKind.Array).EnumerateArray().Select(ReadEntry)];
            _known = (found, entries);
            return found == instance ? entries : [];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or JsonException or FormatException or InvalidOperationException or OpenToOthersException)
        {
            ForeignLog.FileUnusable(logger, path, exception.Message);
            return [];
        }
    }

    /// <summary>Makes these the file's content, unless they are it already. A disk that does not take them is told once.</summary>
    public void Write(KamailioInstance instance, IReadOnlyList<ListedDestination> entries)
    {
        if (_known is var (before, known) ? before == instance && known.Select(Lasting).SequenceEqual(entries.Select(Lasting)) : entries.Count == 0)
        {
            return;
        }

        try
        {
            DurableFile.Replace(path, Content(instance, entries));
            _known = (instance, entries);
            _isFailing = false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (!_isFailing)
            {
                ForeignLog.FileNotWritten(logger, path, exception.Message);
                _isFailing = true;
            }
        }
    }

    /// <summary>Kamailio's own verdicts come and go; what it was when the file was written is good enough to begin with.</summary>
    private static ListedDestination Lasting(ListedDestination entry) => entry.State == ListedState.Disabled ? entry : entry with { State = ListedState.Active };

    private static byte[] Content(KamailioInstance instance, IReadOnlyList<ListedDestination> entries)
    {
        var content = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(content, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("upSince", instance.UpSince);
            writer.WriteString("peer", instance.InstanceToken);
            writer.WriteStartArray("entries");
            foreach (var entry in entries)
            {
                writer.WriteStartObject();
                writer.WriteNumber("set", entry.Set);
                writer.WriteString("uri", entry.Uri);
                writer.WriteNumber("state", (int)entry.State);
                writer.WriteBoolean("probed", entry.Probing);
                writer.WriteNumber("priority", entry.Priority);
                writer.WriteString("attributes", entry.Attributes);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return content.WrittenSpan.ToArray();
    }

    private static ListedDestination ReadEntry(JsonElement entry)
    {
        var state = (ListedState)Field(entry, "state", JsonValueKind.Number).GetInt32();
        return new ListedDestination(
            Field(entry, "set", JsonValueKind.Number).GetInt32(),
            Text(entry, "uri"),
            Enum.IsDefined(state) ? state : throw new FormatException("a state is none that Kamailio has"),
            entry.TryGetProperty("probed", out var probed) && probed.ValueKind == JsonValueKind.True,
            Field(entry, "priority", JsonValueKind.Number).GetInt32(),
            Text(entry, "attributes"));
    }

    private static string Text(JsonElement of, string name) => Field(of, name, JsonValueKind.String).GetString()!;

    private static JsonElement Field(JsonElement of, string name, JsonValueKind kind) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind == kind
            ? value
            : throw new FormatException($"{name} is missing, or of the wrong kind");
}

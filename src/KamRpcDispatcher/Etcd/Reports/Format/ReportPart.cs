using System.Buffers;
using System.Text.Json;

namespace KamRpcDispatcher.Etcd.Reports.Format;

/// <summary>One list of a report, which is cut to the room that there is: the rest of it is counted.</summary>
internal sealed class ReportPart
{
    /// <summary>Brackets, quotes, commas, and the number of those that are left out.</summary>
    private const int Frame = 24;

    private readonly string _name;
    private readonly string? _moreName;
    private readonly int _guaranteed;
    private readonly List<(string? Key, byte[] Value)> _items = [];
    private int _more;

    private ReportPart(string name, string? moreName, int guaranteed, int more)
    {
        _name = name;
        _moreName = moreName;
        _guaranteed = guaranteed;
        _more = more;
    }

    /// <summary>How many of its items are written.</summary>
    public int Count => _items.Count;

    /// <summary>The bytes that all of it takes, as far as a report can hold them.</summary>
    public int Needed { get; private set; }

    private int Base => Math.Min(Needed, _guaranteed);

    /// <param name="name">The list's name in the report.</param>
    /// <param name="moreName">The name of the number of those that are left out; null where there are never too many.</param>
    /// <param name="items">What there is, the most important first.</param>
    /// <param name="more">How many there are beside those.</param>
    /// <param name="guaranteed">The bytes that are its own, whatever else there is to write.</param>
    /// <param name="write">Writes the fields of one.</param>
    /// <param name="key">The name of one, where the list is an object.</param>
    public static ReportPart Of<T>(string name, string? moreName, IReadOnlyCollection<T> items, int more, int guaranteed, Action<Utf8JsonWriter, T> write, Func<T, string>? key = null)
    {
        var part = new ReportPart(name, moreName, guaranteed, more);
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        foreach (var item in items)
        {
            buffer.Clear();
            writer.Reset(buffer);
            writer.WriteStartObject();
            write(writer, item);
            writer.WriteEndObject();
            writer.Flush();
            if (!part.Add(key?.Invoke(item), buffer.WrittenSpan.ToArray()))
            {
                break;
            }
        }

        part._more += items.Count - part.Count;
        return part;
    }

    /// <summary>Cuts parts so that all of them fit: each has its own room, and what is left over goes to those that need it, the first ones first.</summary>
    public static void Fit(IReadOnlyCollection<ReportPart> parts, int room)
    {
        var spare = room - parts.Sum(static part => part.Base);
        foreach (var part in parts)
        {
            var surplus = Math.Clamp(part.Needed - part.Base, 0, Math.Max(0, spare));
            spare -= surplus;
            part.Cut(part.Base + surplus);
        }
    }

    /// <summary>Writes it, as an object where its items have names; an empty array is left out.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        if (_items.Exists(static item => item.Key is null))
        {
            writer.WriteStartArray(_name);
            foreach (var (_, value) in _items)
            {
                writer.WriteRawValue(value, skipInputValidation: true);
            }

            writer.WriteEndArray();
        }

        WriteMore(writer);
    }

    /// <summary>Writes it as an object, also when it is empty.</summary>
    public void WriteObject(Utf8JsonWriter writer)
    {
        writer.WriteStartObject(_name);
        foreach (var (key, value) in _items)
        {
            writer.WritePropertyName(key!);
            writer.WriteRawValue(value, skipInputValidation: true);
        }

        writer.WriteEndObject();
        WriteMore(writer);
    }

    private static int SizeOf((string? Key, byte[] Value) item) => item.Value.Length + 1 + (item.Key is { } key ? key.Length + 3 : 0);

    private bool Add(string? key, byte[] value)
    {
        var needed = (Count == 0 ? _name.Length + (_moreName?.Length ?? 0) + Frame : Needed) + SizeOf((key, value));
        if (needed > ReportWriter.MostBytes)
        {
            return false;
        }

        Needed = needed;
        _items.Add((key, value));
        return true;
    }

    private void Cut(int room)
    {
        for (; Needed > room && Count > 0; _more++)
        {
            Needed -= SizeOf(_items[^1]);
            _items.RemoveAt(_items.Count - 1);
        }
    }

    private void WriteMore(Utf8JsonWriter writer)
    {
        if (_moreName is { } name && _more > 0)
        {
            writer.WriteNumber(name, _more);
        }
    }
}

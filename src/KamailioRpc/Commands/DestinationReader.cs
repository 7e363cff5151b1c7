using System.Text.Json;

namespace KamailioRpc.Commands;

/// <summary>Reads one <c>DEST</c> of <c>dispatcher.list</c>. Names are compared octet by octet: Kamailio writes them without escapes.</summary>
internal static class DestinationReader
{
    public static DispatcherDestination Read(ref Utf8JsonReader reader, int set)
    {
        DispatcherListReader.Expect(ref reader, JsonTokenType.StartObject, "a DEST of the dispatcher list is no object");
        var parts = new Parts { Set = set };
        while (DispatcherListReader.NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("URI"u8))
            {
                parts.Uri = Text(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("FLAGS"u8))
            {
                (parts.State, parts.IsProbed) = Flags(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("PRIORITY"u8))
            {
                parts.Priority = Integer(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("ATTRS"u8))
            {
                ReadAttributes(ref reader, ref parts);
            }
            else if (reader.ValueSpan.SequenceEqual("LATENCY"u8))
            {
                parts.Latency = ReadLatency(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("RUNTIME"u8))
            {
                ReadRuntime(ref reader, ref parts);
            }
            else if (reader.ValueSpan.SequenceEqual("HOST"u8))
            {
                parts.Host = Text(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("IPADDR"u8))
            {
                parts.IpAddress = Text(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("PORT"u8))
            {
                parts.Port = Integer(ref reader);
            }
            else
            {
                DispatcherListReader.SkipMember(ref reader);
            }
        }

        return parts.ToDestination();
    }

    private static (DestinationState State, bool IsProbed) Flags(ref Utf8JsonReader reader)
    {
        reader.Read();
        DestinationState? state = reader.TokenType == JsonTokenType.String && reader.ValueSpan is [var first, ..]
            ? (char)first switch
            {
                'A' => DestinationState.Active,
                'I' => DestinationState.Inactive,
                'D' => DestinationState.Disabled,
                'T' => DestinationState.Trying,
                _ => null,
            }
            : null;
        return (state ?? throw new KamailioGarbledReplyException("the dispatcher list shows flags that are not known"), reader.ValueSpan is [_, (byte)'P', ..]);
    }

    private static void ReadAttributes(ref Utf8JsonReader reader, ref Parts parts)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (DispatcherListReader.NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("BODY"u8))
            {
                parts.Attributes = Text(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("DUID"u8))
            {
                parts.Duid = Text(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("MAXLOAD"u8))
            {
                parts.MaxLoad = Integer(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("WEIGHT"u8))
            {
                parts.Weight = Integer(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("RWEIGHT"u8))
            {
                parts.RelativeWeight = Integer(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("SOCKET"u8))
            {
                parts.Socket = Text(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("SOCKNAME"u8))
            {
                parts.SocketName = Text(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("OBPROXY"u8))
            {
                parts.OutboundProxy = Text(ref reader);
            }
            else
            {
                DispatcherListReader.SkipMember(ref reader);
            }
        }
    }

    private static DestinationLatency? ReadLatency(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        var (average, deviation, estimate, max, timeouts) = (0.0, 0.0, 0.0, 0, 0);
        while (DispatcherListReader.NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("AVG"u8))
            {
                average = Number(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("STD"u8))
            {
                deviation = Number(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("EST"u8))
            {
                estimate = Number(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("MAX"u8))
            {
                max = Integer(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("TIMEOUT"u8))
            {
                timeouts = Integer(ref reader);
            }
            else
            {
                DispatcherListReader.SkipMember(ref reader);
            }
        }

        return new DestinationLatency(average, deviation, estimate, max, timeouts);
    }

    private static void ReadRuntime(ref Utf8JsonReader reader, ref Parts parts)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (DispatcherListReader.NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("DLGLOAD"u8))
            {
                parts.DialogLoad = Integer(ref reader);
            }
            else
            {
                DispatcherListReader.SkipMember(ref reader);
            }
        }
    }

    /// <summary>A text, empty where there is none.</summary>
    private static string Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.ValueSpan.IsEmpty ? string.Empty : reader.GetString()!;
        }

        reader.Skip();
        return string.Empty;
    }

    /// <summary>An integer, 0 where there is none or where it has more than 32 bits.</summary>
    private static int Integer(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number))
        {
            return number;
        }

        reader.Skip();
        return 0;
    }

    private static double Number(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var number))
        {
            return number;
        }

        reader.Skip();
        return 0;
    }

    private struct Parts
    {
        public int Set;
        public string? Uri;
        public DestinationState? State;
        public bool IsProbed;
        public int Priority;
        public string? Attributes;
        public string? Duid;
        public int MaxLoad;
        public int Weight;
        public int RelativeWeight;
        public string? Socket;
        public string? SocketName;
        public string? OutboundProxy;
        public DestinationLatency? Latency;
        public int? DialogLoad;
        public string? Host;
        public string? IpAddress;
        public int? Port;

        public readonly DispatcherDestination ToDestination() => new()
        {
            Set = Set,
            Uri = Uri is { Length: > 0 } uri ? uri : throw new KamailioGarbledReplyException("a destination of the dispatcher list has no URI"),
            State = State ?? throw new KamailioGarbledReplyException("a destination of the dispatcher list has no FLAGS"),
            IsProbed = IsProbed,
            Priority = Priority,
            Attributes = Attributes ?? string.Empty,
            Duid = Duid ?? string.Empty,
            MaxLoad = MaxLoad,
            Weight = Weight,
            RelativeWeight = RelativeWeight,
            Socket = Socket ?? string.Empty,
            SocketName = SocketName ?? string.Empty,
            OutboundProxy = OutboundProxy ?? string.Empty,
            Latency = Latency,
            DialogLoad = DialogLoad,
            Host = Host,
            IpAddress = IpAddress,
            Port = Port,
        };
    }
}

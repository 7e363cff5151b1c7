using System.Text.Json;
using KamailioRpc.Json;

namespace KamailioRpc.Commands.Reading;

/// <summary>Reads one <c>DEST</c> of <c>dispatcher.list</c>. Names are compared byte by byte: Kamailio writes them without escapes.</summary>
internal static class DestinationReader
{
    /// <returns>The destination; where it cannot be understood the reason, and its URI if there is one.</returns>
    public static (DispatcherDestination? Destination, string? Reason, string? Uri) Read(ref Utf8JsonReader reader, int set)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return (null, "it is no object", null);
        }

        var parts = new DestinationParts { Set = set };
        while (DispatcherListReader.NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("URI"u8))
            {
                ReadUri(ref reader, ref parts);
            }
            else if (reader.ValueSpan.SequenceEqual("FLAGS"u8))
            {
                ReadFlags(ref reader, ref parts);
            }
            else if (reader.ValueSpan.SequenceEqual("PRIORITY"u8))
            {
                ReadPriority(ref reader, ref parts);
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
                parts.Host = LenientValue.Text(ref reader, ref parts.IsExact);
            }
            else if (reader.ValueSpan.SequenceEqual("IPADDR"u8))
            {
                parts.IpAddress = LenientValue.Text(ref reader, ref parts.IsExact);
            }
            else if (reader.ValueSpan.SequenceEqual("PORT"u8))
            {
                parts.Port = LenientValue.Integer(ref reader);
            }
            else
            {
                DispatcherListReader.SkipMember(ref reader);
            }
        }

        return parts.ToDestination();
    }

    private static void ReadUri(ref Utf8JsonReader reader, ref DestinationParts parts)
    {
        parts.Once(DestinationParts.Members.Uri, "URIs");
        var isExact = true;
        parts.Uri = LenientValue.Text(ref reader, ref isExact);
        parts.Reason ??= isExact ? null : "its URI has bytes that are not UTF-8";
    }

    private static void ReadFlags(ref Utf8JsonReader reader, ref DestinationParts parts)
    {
        parts.Once(DestinationParts.Members.Flags, "FLAGS");
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return;
        }

        parts.State = reader.ValueSpan is [var first, ..]
            ? (char)first switch
            {
                'A' => DestinationState.Active,
                'I' => DestinationState.Inactive,
                'D' => DestinationState.Disabled,
                'T' => DestinationState.Trying,
                _ => null,
            }
            : null;
        parts.IsProbed = reader.ValueSpan is [_, (byte)'P', ..];
        if (parts.State is null)
        {
            parts.Reason ??= $"its FLAGS '{LenientText.Shorten(reader.ValueSpan)}' are not known";
        }
    }

    private static void ReadPriority(ref Utf8JsonReader reader, ref DestinationParts parts)
    {
        parts.Once(DestinationParts.Members.Priority, "PRIORITYs");
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && !reader.TryGetInt32(out parts.Priority))
        {
            parts.Reason ??= $"its PRIORITY {LenientText.Shorten(reader.ValueSpan)} is no number of 32 bits";
        }

        reader.Skip();
    }

    private static void ReadAttributes(ref Utf8JsonReader reader, ref DestinationParts parts)
    {
        parts.Once(DestinationParts.Members.Attributes, "ATTRS");
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
                parts.Attributes = LenientValue.Text(ref reader, ref parts.IsExact);
            }
            else if (reader.ValueSpan.SequenceEqual("DUID"u8))
            {
                parts.Duid = LenientValue.Text(ref reader, ref parts.IsExact);
            }
            else if (reader.ValueSpan.SequenceEqual("MAXLOAD"u8))
            {
                parts.MaxLoad = LenientValue.Integer(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("WEIGHT"u8))
            {
                parts.Weight = LenientValue.Integer(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("RWEIGHT"u8))
            {
                parts.RelativeWeight = LenientValue.Integer(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("SOCKET"u8))
            {
                parts.Socket = LenientValue.Text(ref reader, ref parts.IsExact);
            }
            else if (reader.ValueSpan.SequenceEqual("SOCKNAME"u8))
            {
                parts.SocketName = LenientValue.Text(ref reader, ref parts.IsExact);
            }
            else if (reader.ValueSpan.SequenceEqual("OBPROXY"u8))
            {
                parts.OutboundProxy = LenientValue.Text(ref reader, ref parts.IsExact);
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
                average = LenientValue.Number(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("STD"u8))
            {
                deviation = LenientValue.Number(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("EST"u8))
            {
                estimate = LenientValue.Number(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("MAX"u8))
            {
                max = LenientValue.Integer(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("TIMEOUT"u8))
            {
                timeouts = LenientValue.Integer(ref reader);
            }
            else
            {
                DispatcherListReader.SkipMember(ref reader);
            }
        }

        return new DestinationLatency(average, deviation, estimate, max, timeouts);
    }

    private static void ReadRuntime(ref Utf8JsonReader reader, ref DestinationParts parts)
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
                parts.DialogLoad = LenientValue.Integer(ref reader);
            }
            else
            {
                DispatcherListReader.SkipMember(ref reader);
            }
        }
    }
}

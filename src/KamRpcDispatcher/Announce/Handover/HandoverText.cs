using System.Buffers;
using System.Text.Json;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Probe;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Announce.Handover;

/// <summary>What is handed over, as bytes that another version of the program can read, or say that it cannot.</summary>
internal static class HandoverText
{
    /// <summary>Another one is not read: what it says is not known. Fields that are not known are left out.</summary>
    private const int Format = 1;

    public static byte[] Write(HandedOver handed)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("format", Format);
            writer.WriteString("cluster", handed.Cluster);
            writer.WriteBoolean("isInMaintenance", handed.IsInMaintenance);
            writer.WriteBoolean("isMaintenanceOurs", handed.IsMaintenanceOurs);
            writer.WriteStartObject("lease");
            Write(writer, handed.Lease);
            writer.WriteEndObject();
            writer.WriteStartArray("servers");
            foreach (var server in handed.Servers)
            {
                writer.WriteStartObject();
                Write(writer, server);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what was written, if there is something; what cannot be used is told.</summary>
    public static HandedOver? Read(ReadOnlyMemory<byte>? text, ILogger logger)
    {
        string? error = null;
        var handed = text is { } given ? Read(given, out error) : null;
        if (error is not null)
        {
            AnnounceLog.NotHandedOver(logger, SafeText.Shorten(error));
        }

        return handed;
    }

    /// <summary>Reads what was written; <paramref name="error"/> says what is wrong with it.</summary>
    public static HandedOver? Read(ReadOnlyMemory<byte> text, out string? error)
    {
        try
        {
            var root = JsonElement.Parse(text.Span);
            error = root.GetProperty("format").GetInt32() is var format and not Format ? FormattableString.Invariant($"it is of format {format}, and this program knows {Format}") : null;
            return error is not null ? null : new HandedOver(
                root.GetProperty("cluster").GetString()!,
                ReadLease(root.GetProperty("lease")),
                [.. root.GetProperty("servers").EnumerateArray().Select(ReadServer)],
                root.GetProperty("isInMaintenance").GetBoolean(),
                root.GetProperty("isMaintenanceOurs").GetBoolean());
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException or OverflowException)
        {
            error = exception.Message;
            return null;
        }
    }

    private static void Write(Utf8JsonWriter writer, HeldLease lease)
    {
        writer.WriteNumber("id", lease.Id);
        writer.WriteNumber("granted", lease.Granted.Ticks);
        writer.WriteNumber("asked", lease.Asked.Ticks);
        writer.WriteNumber("term", lease.Term);
        writer.WriteNumber("renewedAt", lease.RenewedAt);
        writer.WriteNumber("store", lease.Store);
        writer.WriteNumber("revision", lease.Revision);
        writer.WriteStartArray("keys");
        foreach (var key in lease.Keys)
        {
            writer.WriteStartObject();
            writer.WriteString("key", key.Name);
            writer.WriteBase64String("value", key.Value.Span);
            writer.WriteNumber("revision", key.ModRevision);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static HeldLease ReadLease(JsonElement lease) => new(
        lease.GetProperty("id").GetInt64(),
        TimeSpan.FromTicks(lease.GetProperty("granted").GetInt64()),
        TimeSpan.FromTicks(lease.GetProperty("asked").GetInt64()),
        lease.GetProperty("term").GetUInt64(),
        lease.GetProperty("renewedAt").GetInt64(),
        lease.GetProperty("store").GetUInt64(),
        lease.GetProperty("revision").GetInt64(),
        [.. lease.GetProperty("keys").EnumerateArray().Select(static key => new HeldKey(key.GetProperty("key").GetString()!, ByteString.CopyFrom(key.GetProperty("value").GetBytesFromBase64()), key.GetProperty("revision").GetInt64()))]);

    private static void Write(Utf8JsonWriter writer, HandedServer server)
    {
        var health = server.Health;
        writer.WriteStartArray("members");
        foreach (var member in server.Members)
        {
            writer.WriteStartObject();
            writer.WriteNumber("set", member.Key.Set);
            writer.WriteString("name", member.Key.Name);
            writer.WriteString("uri", member.Uri.Text);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("verdict", health.Probe.Verdict.ToString());
        writer.WriteString("found", health.Probe.Reason);
        writer.WriteString("sign", health.Probe.Sign.ToString());
        writer.WriteString("state", health.State.ToString());
        writer.WriteString("reason", health.Reason);
        writer.WriteString("leaving", health.Leaving);
        writer.WriteString("maintenance", health.Maintenance);
    }

    private static HandedServer ReadServer(JsonElement server) => new(
        [.. server.GetProperty("members").EnumerateArray().Select(static member => (new MemberKey(member.GetProperty("set").GetInt32(), member.GetProperty("name").GetString()!), SipUri.Parse(member.GetProperty("uri").GetString()!)))],
        new ServerHealth(
            new ProbeOutcome(Enum.Parse<ProbeVerdict>(server.GetProperty("verdict").GetString()!), server.GetProperty("found").GetString()!) { Sign = Enum.Parse<DeathSign>(server.GetProperty("sign").GetString()!) },
            Enum.Parse<MemberState>(server.GetProperty("state").GetString()!),
            server.GetProperty("reason").GetString(),
            server.GetProperty("leaving").GetString(),
            server.GetProperty("maintenance").GetString()));
}

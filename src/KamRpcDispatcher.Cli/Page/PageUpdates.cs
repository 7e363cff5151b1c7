using System.Buffers;
using System.Text.Json;

namespace KamRpcDispatcher.Cli.Page;

/// <summary>A state of the page as it is sent: everything, and what has changed since the one before. Shared by all who look.</summary>
internal sealed class PageUpdate
{
    private readonly Lazy<byte[]> _whole;

    public PageUpdate(long number, PageState state, byte[] changed)
    {
        (Number, Changed) = (number, changed);
        _whole = new Lazy<byte[]>(() => PageUpdates.Event(state));
    }

    /// <summary>Counts on from 1.</summary>
    public long Number { get; }

    /// <summary>The whole state, for who has not seen the one before.</summary>
    public byte[] Whole => _whole.Value;

    /// <summary>What is not as in the one before.</summary>
    public byte[] Changed { get; }

    /// <summary>The next one.</summary>
    public TaskCompletionSource<PageUpdate> Next { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Makes updates of states, where something has changed: times that go on alone are sent in a rhythm, which is the sign of life too.</summary>
internal sealed class PageUpdates(TimeProvider timeProvider)
{
    /// <summary>How often something is sent at least.</summary>
    internal static readonly TimeSpan Rhythm = TimeSpan.FromSeconds(5);

    private Dictionary<string, byte[]> _members = [];
    private byte[] _rest = [];
    private long _number;
    private long _sentAt;

    /// <summary>The update to a state; null where there is nothing to send.</summary>
    public PageUpdate? Next(PageState state)
    {
        var members = new Dictionary<string, byte[]>(state.Members.Count, StringComparer.Ordinal);
        foreach (var member in state.Members)
        {
            members[member.Id] = JsonSerializer.SerializeToUtf8Bytes(member, PageJson.Default.PageMember);
        }

        var rest = JsonSerializer.SerializeToUtf8Bytes(WithoutTimes(state), PageJson.Default.PageState);
        List<PageMember> changed = [.. state.Members.Where(member => !_members.TryGetValue(member.Id, out var before) || !before.AsSpan().SequenceEqual(members[member.Id]))];
        List<string> gone = [.. _members.Keys.Where(id => !members.ContainsKey(id))];
        if (_number > 0 && changed.Count == 0 && gone.Count == 0 && rest.AsSpan().SequenceEqual(_rest) && timeProvider.GetElapsedTime(_sentAt) < Rhythm)
        {
            return null;
        }

        (_members, _rest, _sentAt) = (members, rest, timeProvider.GetTimestamp());
        return new PageUpdate(++_number, state, Event(state with { Whole = false, Members = changed, Gone = gone }));
    }

    /// <summary>An event of a stream: JSON without a line end.</summary>
    public static byte[] Event(PageState state)
    {
        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write("event: state\ndata: "u8);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            JsonSerializer.Serialize(writer, state, PageJson.Default.PageState);
        }

        buffer.Write("\n\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Without members, which are compared one by one, and without what goes on by itself.</summary>
    private static PageState WithoutTimes(PageState state) => state with
    {
        At = default,
        Members = [],
        Etcd = state.Etcd with { ReadAt = null },
        Findings = [.. state.Findings.Select(static finding => finding with { Text = string.Empty })],
        Proxies = [.. state.Proxies.Select(static proxy => proxy with { ListSeenAt = null, ReportedAt = null })],
    };
}

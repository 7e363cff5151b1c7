using System.Collections.Immutable;

namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>Something at a proxy that somebody should know of, for as long as it lasts.</summary>
/// <param name="Kind">What kind of thing, one of <see cref="TroubleKind"/>; a newer version may know others.</param>
/// <param name="Since">When it began; the same for as long as it lasts, whatever the text says meanwhile.</param>
/// <param name="Text">What it is and what to do, in one line.</param>
public sealed record ProxyTrouble(string Kind, DateTimeOffset Since, string Text)
{
    /// <summary>As many as a report holds.</summary>
    public const int MostInReport = 20;

    public const int MostTextLength = 300;

    /// <summary>As many sets as are named; what is about more of them is about the proxy.</summary>
    public const int MostSets = 8;

    /// <summary>The sets that it is about, in order; empty where it is about the proxy as a whole, and in a report of a version that did not say it.</summary>
    public ImmutableArray<int> Sets { get; init; } = [];

    public bool Equals(ProxyTrouble? other) =>
        other is not null && Kind == other.Kind && Since == other.Since && Text == other.Text && Sets.AsSpan().SequenceEqual(other.Sets.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Kind, Since, Text);

    /// <summary>The same with a text that is no longer than a report takes.</summary>
    public ProxyTrouble Capped()
    {
        if (Text.Length <= MostTextLength)
        {
            return this;
        }

        var length = MostTextLength - 3;
        return this with { Text = Text[..(char.IsHighSurrogate(Text[length - 1]) ? length - 1 : length)] + "..." };
    }
}

/// <summary>The kinds of <see cref="ProxyTrouble"/>, as they stand in reports.</summary>
public static class TroubleKind
{
    /// <summary>Kamailio does not take a plan, which is repeated ever more rarely.</summary>
    public const string Brake = "brake";

    /// <summary>Kamailio's shared memory is short: only states are changed.</summary>
    public const string Memory = "memory";

    /// <summary>The list is about as long as the transport carries: nothing is added.</summary>
    public const string Room = "room";

    /// <summary>Kamailio does not answer, or not as it should: all else that the report says is of before.</summary>
    public const string Kamailio = "kamailio";

    /// <summary>A member is left out, or is not as announced, since somebody else has put its address into the list.</summary>
    public const string Duplicate = "duplicate";

    /// <summary>The list cannot be read.</summary>
    public const string Blind = "blind";

    /// <summary>A grace period does not end, because of the processes named.</summary>
    public const string Grace = "grace";

    /// <summary>Kamailio's RPC process does not come back from a change.</summary>
    public const string Writer = "writer";

    /// <summary>A destination with a host name would be lost by the next change, so that changes wait; or somebody else's was lost, and is not back.</summary>
    public const string Foreign = "foreign";

    /// <summary>A member that is to get no calls gets them still.</summary>
    public const string Unsilenced = "unsilenced";

    /// <summary>The list has entries that cannot be understood.</summary>
    public const string Unreadable = "unreadable";

    /// <summary>Another proxy reports under the same name.</summary>
    public const string Name = "name";

    /// <summary>Shares that operators wish are not followed.</summary>
    public const string Shares = "shares";

    /// <summary>A fault of kamrpc itself: cycles fail.</summary>
    public const string Fault = "fault";

    /// <summary>Entries that kamrpc added, and that nobody keeps in step: of another cluster, or of a set that is not served.</summary>
    public const string Orphan = "orphan";

    /// <summary>Members bring attributes that they may not.</summary>
    public const string Attributes = "attributes";

    /// <summary>A member changes so often that its structural changes wait.</summary>
    public const string Flapping = "flapping";

    /// <summary>The list that Kamailio loads at its start is not as it is to be, or Kamailio loads another one.</summary>
    public const string BootList = "boot-list";

    /// <summary>A set's source brings nobody, or no source brings the set, so that members of before are held; or a Service has no endpoints at all.</summary>
    public const string Source = "source";

    /// <summary>All of them.</summary>
    internal static ImmutableArray<string> All { get; } =
        [Brake, Memory, Room, Kamailio, Duplicate, Blind, Grace, Writer, Foreign, Unsilenced, Unreadable, Name, Shares, Fault, Orphan, Attributes, Flapping, BootList, Source];

    /// <summary>Whether somebody has to act before calls suffer; the others are only told.</summary>
    internal static bool IsError(string kind) => kind is not (Room or Unreadable or Duplicate or Attributes or Flapping or BootList);
}

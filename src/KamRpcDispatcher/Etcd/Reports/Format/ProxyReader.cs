using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Sources;

using static KamRpcDispatcher.Etcd.Reports.Format.ReportFields;

namespace KamRpcDispatcher.Etcd.Reports.Format;

/// <summary>Builds a proxy's status from the fields of its report; a <see cref="FormatException"/> names the field that is wrong.</summary>
internal sealed class ProxyReader(JsonElement report)
{
    public ProxyStatus Read()
    {
        if (report.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("the value is JSON, but not an object");
        }

        var deviations = Items(report, "deviations", ReadDeviation);
        return new ProxyStatus(
            Count(report, "revision", long.MaxValue),
            Time(report, "appliedAt"),
            Text(report, "kamailio"),
            Count(report, "drift"),
            Field(report, "sets", JsonValueKind.Object).EnumerateObject().ToImmutableSortedDictionary(static set => SetNumber(set.Name), ReadSet))
        {
            // An earlier version's report may not have these; the writer leaves them out when there is nothing to say.
            Silenced = Has(report, "silenced") ? Count(report, "silenced", long.MaxValue) : null,
            Applies = Items(report, "applies", ReadKind),
            Intents = ReadIntents(report),
            Splits = ReadSplits(report),
            Intent = ReadIntent(report),
            Zone = OptionalText(report, "zone"),
            Starting = Items(report, "starting", static entry => new StartingMember(Key(entry, "starting", "member"), Count(entry, "share"))),
            MoreStarting = More("moreStarting"),
            Unshared = Items(report, "unshared", static entry => new UnsharedMember(Key(entry, "unshared", "member"), FailOverOnlyName.Find(OptionalText(entry, "why")))),
            MoreUnshared = More("moreUnshared"),
            Serves = Items(report, "serves", ReadServed),
            Shares = ShareFields.ReadShares(report),
            List = ShareFields.ReadList(report),
            Dialogs = DialogFields.Read(report),
            Identity = ReadIdentity(),
            Version = OptionalText(report, "version"),
            WrittenAt = OptionalTime(report, "writtenAt"),
            Contact = ReadContact(),
            Loop = ReadLoop(),
            Follows = ReadFollowed(),
            Sources = Items(report, "sources", ReadSource),
            MoreSources = More("moreSources"),
            MoreSets = More("moreSets"),
            Troubles = [.. Items(report, "trouble", ReadTrouble).Take(ProxyTrouble.MostInReport)],
            Deviations = [.. deviations.OfType<Deviation>()],
            MoreDeviations = (int)Math.Min(int.MaxValue, More("moreDeviations") + deviations.LongCount(static deviation => deviation is null)),
            Held = Items(report, "held", ReadHeld),
            MoreHeld = More("moreHeld"),
            Quarantined = Items(report, "quarantined", ReadQuarantined),
            MoreQuarantined = More("moreQuarantined"),
            Superseded = Items(report, "superseded", ReadSuperseded),
            MoreSuperseded = More("moreSuperseded"),
            MoreSupersededLeaving = More("moreSupersededLeaving"),
            IsFromSnapshot = Flag(report, "fromSnapshot"),
            Grace = ReadGrace(),
        };
    }

    private int More(string name) => OptionalCount(report, name) ?? 0;

    private static int SetNumber(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var set) && set.ToString(CultureInfo.InvariantCulture) == text
            ? set
            : throw new FormatException($"sets: '{SafeText.Shorten(text)}' is not a set's number");

    private static SetStatus ReadSet(JsonProperty set) =>
        new(Count(set.Value, "destinations"), Count(set.Value, "routable"))
        {
            Wanted = OptionalCount(set.Value, "wanted"),
            Serving = OptionalCount(set.Value, "serving"),
            Drift = OptionalCount(set.Value, "drift") ?? 0,
            Held = OptionalCount(set.Value, "held") ?? 0,
            Refused = OptionalCount(set.Value, "refused") ?? 0,
            Zone = ZoneUseName.Find(OptionalText(set.Value, "zone")),
            Full = Has(set.Value, "full") ? Count(set.Value, "full", long.MaxValue) : null,
        };

    private static ReportedSource ReadSource(JsonElement entry) => new(Text(entry, "source"), [.. Numbers(entry, "sets")])
    {
        MoreSets = OptionalCount(entry, "moreSets") ?? 0,
        AwaySince = OptionalTime(entry, "awaySince"),
        Reason = OptionalText(entry, "reason"),
    };

    private LoopStatus? ReadLoop()
    {
        if (!Has(report, "loop"))
        {
            return null;
        }

        var loop = Field(report, "loop", JsonValueKind.Object);
        return new LoopStatus(Text(loop, "step"), Span(loop, "forMs"), Span(loop, "mostMs"));

        static TimeSpan Span(JsonElement of, string name) => TimeSpan.FromMilliseconds(Count(of, name, int.MaxValue));
    }

    private FollowedMembers? ReadFollowed()
    {
        if (!Has(report, "follows"))
        {
            return null;
        }

        var followed = Field(report, "follows", JsonValueKind.Object);
        return new FollowedMembers(Count(followed, "revision", long.MaxValue), Count(followed, "records"));
    }

    private KamailioContact? ReadContact()
    {
        if (!Has(report, "contact"))
        {
            return null;
        }

        var contact = Field(report, "contact", JsonValueKind.Object);
        return new KamailioContact(RequiredFlag(contact, "answers"), Time(contact, "since"), OptionalText(contact, "reason"));
    }

    /// <summary>Null for one of a kind that is not known, and that cannot be read: it is there all the same.</summary>
    private static Deviation? ReadDeviation(JsonElement entry)
    {
        var kind = Text(entry, "kind");
        try
        {
            return new Deviation(kind, Count(entry, "set"), Text(entry, "name"), Text(entry, "uri"), Time(entry, "since"))
            {
                Flags = OptionalText(entry, "flags"),
                Reason = OptionalText(entry, "reason"),
                Until = OptionalTime(entry, "until"),
            };
        }
        catch (FormatException) when (!DeviationKind.IsKnown(kind))
        {
            return null;
        }
    }

    private static Member ReadHeld(JsonElement entry)
    {
        var key = Key(entry, "held", "member");
        return SipUri.TryParse(Text(entry, "uri"), out var uri, out var error)
            ? new Member(key, uri)
            : throw new FormatException($"held: {SafeText.Shorten(error)}");
    }

    private static QuarantinedDestination ReadQuarantined(JsonElement entry) =>
        new(Count(entry, "set"), Text(entry, "uri"), Text(entry, "reason"), Time(entry, "retryAt"));

    internal static SupersededMember ReadSuperseded(JsonElement entry) => new(Key(entry, "superseded", "member"), Key(entry, "superseded", "by"), Flag(entry, "served"))
    {
        IsLeaving = Flag(entry, "leaving"),
    };

    internal static int ReadServed(JsonElement set) =>
        set.ValueKind == JsonValueKind.Number && set.TryGetInt32(out var number) && number >= 0 ? number : throw new FormatException("serves holds something else than sets");

    internal static IntentsProgress? ReadIntents(JsonElement report)
    {
        if (!Has(report, "intents"))
        {
            return null;
        }

        var intents = Field(report, "intents", JsonValueKind.Object);
        return new IntentsProgress(Count(intents, "revision", long.MaxValue), Has(intents, "silenced") ? Count(intents, "silenced", long.MaxValue) : null);
    }

    internal static SplitsProgress? ReadSplits(JsonElement report)
    {
        if (!Has(report, "splits"))
        {
            return null;
        }

        var splits = Field(report, "splits", JsonValueKind.Object);
        return new SplitsProgress(Count(splits, "revision", long.MaxValue)) { HasTable = Has(splits, "table") ? Flag(splits, "table") : null };
    }

    internal static ProxyIntent? ReadIntent(JsonElement report)
    {
        if (!Has(report, "proxy"))
        {
            return null;
        }

        var intent = Field(report, "proxy", JsonValueKind.Object);
        return new ProxyIntent(Count(intent, "revision", long.MaxValue), RequiredFlag(intent, "drained"))
        {
            By = OptionalText(intent, "by"),
            At = OptionalTime(intent, "at"),
            Reason = OptionalText(intent, "reason"),
        };
    }

    internal static string ReadKind(JsonElement kind) =>
        kind.ValueKind == JsonValueKind.String ? kind.GetString()! : throw new FormatException("applies holds something else than text");

    private static ProxyTrouble ReadTrouble(JsonElement entry) =>
        new ProxyTrouble(Text(entry, "kind"), Time(entry, "since"), Text(entry, "text")) { Sets = [.. Numbers(entry, "sets").Take(ProxyTrouble.MostSets)] }.Capped();

    internal static MemberKey Key(JsonElement of, string array, string name) =>
        MemberKey.TryParse(Text(of, name), out var key, out var error) ? key : throw new FormatException($"{array}: {error}");

    private ProxyIdentity? ReadIdentity()
    {
        if (!report.TryGetProperty("identity", out _))
        {
            return null;
        }

        var identity = Field(report, "identity", JsonValueKind.Object);
        return new ProxyIdentity(
            Text(identity, "machine"),
            Text(identity, "host"),
            Text(identity, "kamailio"),
            identity.TryGetProperty("process", out _) ? Text(identity, "process") : null)
        {
            Daemon = OptionalText(identity, "daemon"),
        };
    }

    private GraceStatus ReadGrace()
    {
        if (!report.TryGetProperty("grace", out _))
        {
            return default;
        }

        var grace = Field(report, "grace", JsonValueKind.Object);
        var isModeKnown = grace.TryGetProperty("mode", out var mode) && mode.ValueKind != JsonValueKind.Null;
        return new GraceStatus(
            isModeKnown ? Text(grace, "mode") : string.Empty,
            Count(grace, "count", long.MaxValue),
            Milliseconds(grace, "p50Ms"),
            Milliseconds(grace, "p99Ms"),
            Milliseconds(grace, "maxMs"),
            Count(grace, "timeouts", long.MaxValue));
    }
}

using System.Globalization;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Operate.Waiting;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Declared;

/// <summary>What has to be written for etcd to say what a file declares.</summary>
/// <remarks>
/// A record is its owner's as a whole. What somebody wrote by hand, or another owner, is left where it says the same, and speaks against it where it does not. Without
/// <see cref="SiteCommand.Prunes"/> nothing of the owner's own is taken back either.
/// </remarks>
internal sealed class SitePlan
{
    private const string Announced = "as announced";

    private readonly SiteView _site;
    private readonly SiteCommand _command;
    private readonly DateTimeOffset _now;
    private readonly List<PlannedWrite> _writes = [];
    private readonly List<string> _kept = [];
    private readonly List<string> _conflicts = [];
    private readonly List<string> _warnings = [];

    /// <summary>Records that are as declared, each with its revision.</summary>
    private readonly List<(int Set, string? Name, bool IsDrained, long Revision)> _unchanged = [];

    private SitePlan(SiteView site, SiteCommand command, DateTimeOffset now) => (_site, _command, _now) = (site, command, now);

    /// <summary>By set, the split after the members.</summary>
    public IReadOnlyList<PlannedWrite> Writes => _writes;

    /// <summary>What the owner has declared before, and does not any more, and what stays; each a sentence, safe to print.</summary>
    public IReadOnlyList<string> Kept => _kept;

    /// <summary>What others have written otherwise, each a sentence, safe to print; empty where that does not matter.</summary>
    public IReadOnlyList<string> Conflicts => _conflicts;

    public IReadOnlyList<string> Warnings => _warnings;

    public static SitePlan Of(SiteView site, SiteCommand command, DateTimeOffset now)
    {
        var plan = new SitePlan(site, command, now);
        var members = command.File.Members.ToDictionary(static member => member.Key);
        var splits = command.File.Splits.ToDictionary(static declared => declared.Split.Set);
        foreach (var key in members.Keys.Union(site.View.Intents.Where(stored => stored.Value.Intent is { } intent && (intent.Owner == command.Owner || intent.Weighed?.Owner == command.Owner)).Select(static stored => stored.Key)).Order())
        {
            plan.Compare(key, members.GetValueOrDefault(key));
        }

        foreach (var set in splits.Keys.Union(site.Splits.Where(stored => stored.Value.Split?.Owner == command.Owner).Select(static stored => stored.Key)).Order())
        {
            plan.Compare(set, splits.GetValueOrDefault(set)?.Split);
        }

        plan._writes.Sort(static (one, other) => (one.Change.Set, one.Change.Name is null ? 1 : 0).CompareTo((other.Change.Set, other.Change.Name is null ? 1 : 0)) is var order and not 0 ? order : string.CompareOrdinal(one.Change.Name, other.Change.Name));
        return plan;
    }

    /// <summary>What proxies have to have applied.</summary>
    /// <param name="revision">The store's revision that has written the plan; 0 where that is not known, and where there is nothing to write.</param>
    public AppliedTarget? Target(long revision)
    {
        var all = _unchanged.Concat(_writes.Select(write => (write.Change.Set, write.Change.Name, IsDrained: write.Intent is { IsDrained: true }, Revision: revision))).Where(static one => one.Revision > 0).ToList();
        List<AppliedTarget> parts =
        [
            .. all.Where(static one => one.Name is not null).GroupBy(static one => one.IsDrained)
                .Select(static of => AppliedTarget.Of(of.Key ? IntentWish.Drain : IntentWish.Resume, of.Max(static one => one.Revision), of.Select(static one => (IntentSubject)new MemberKey(one.Set, one.Name!)))),
            .. all.Where(static one => one.Name is null).Select(static one => AppliedTarget.OfSplit(one.Set, one.Revision)),
        ];
        return parts.Count == 0 ? null : AppliedTarget.OfAll(parts);
    }

    private void Compare(MemberKey key, DeclaredMember? declared)
    {
        var stored = _site.View.StoredOf(key);
        var (intent, drain) = Apart(stored?.Intent, declared?.IsDrained == true);
        var isOurs = intent is not null && intent.Owner == _command.Owner;
        var stays = isOurs && !_command.Prunes ? intent : null;
        var wished = new Intent(key) { IsDrained = declared?.IsDrained == true || stays is { IsDrained: true }, Weight = declared?.Weight ?? stays?.Weight, By = _command.By, At = _now, Reason = _command.Reason, Owner = _command.Owner };
        if (stays is not null && (declared?.IsDrained == true, declared?.Weight is not null) != (wished.IsDrained, wished.Weight is not null))
        {
            _kept.Add(Stays(key.ToString(), Text(stays)));
        }

        var isThere = stored is not null && (intent is not null || drain is null);
        var (before, after) = (!isThere ? Announced : intent is null ? "unreadable" : Text(intent), wished is { IsDrained: false, Weight: null } ? Announced : Text(wished));
        if (intent is not null && (intent.IsDrained, intent.Weight) == (wished.IsDrained, wished.Weight) && IsLeft(key.ToString(), before, isOurs, intent.Owner, intent.By, intent.At))
        {
            _unchanged.Add((key.Set, key.Name, intent.IsDrained || drain is not null, stored!.ModRevision));
        }
        else if (!isThere || isOurs || IsTakenOver(key.ToString(), stored!.Error, before, intent?.Owner, intent?.By, intent?.At, after))
        {
            var isRemoved = wished is { IsDrained: false, Weight: null };
            var written = drain is null || wished.IsDrained ? wished : Beside(drain, wished);
            Add(new SiteChange(!isThere ? SiteChangeKind.Add : isRemoved ? SiteChangeKind.Remove : SiteChangeKind.Change, key.Set, key.Name, before, after), written is { IsDrained: false, Weight: null } ? null : IntentRecord.Write(written), stored?.ModRevision ?? 0, written, null);
        }
    }

    /// <summary>
    /// What is wished of a member beside a drain that the file says nothing of, of a rolling restart, which takes that back by itself, or by hand, and that drain; the first is null where nothing else is wished. A weight of which nobody
    /// knows whose it is goes with the drain.
    /// </summary>
    private static (Intent? Intent, Intent? Drain) Apart(Intent? intent, bool isDrainDeclared) => intent switch
    {
        { IsOfRolling: true, Weight: null, Owner: null } => (null, intent),
        { IsOfRolling: true, Weighed: null } => (intent with { IsDrained = false }, intent),
        { IsOfRolling: true } => (intent.OfWeight(), intent),
        { IsDrained: true, Owner: null } when isDrainDeclared => (intent, null),
        { IsDrained: true, Owner: null, Weight: null } => (null, intent),
        { IsDrained: true, Owner: null, Weighed: not null } => (intent.OfWeight(), intent),
        _ => (intent, null),
    };

    /// <summary>A drain that stays, with the weight that is declared.</summary>
    private static Intent Beside(Intent drain, Intent wished) => drain with
    {
        Weight = wished.Weight, Owner = drain.IsOfRolling && wished.Weight is not null ? wished.Owner : null,
        Weighed = wished.Weight is null ? null : new WeightOrigin(wished.By, wished.At, wished.Reason, wished.Owner),
    };

    private void Compare(int set, Split? declared)
    {
        var stored = _site.Splits.GetValueOrDefault(set);
        var split = stored?.Split;
        var subject = FormattableString.Invariant($"the split of set {set}");
        var isOurs = split is not null && split.Owner == _command.Owner;
        if (declared is null && !_command.Prunes)
        {
            _kept.Add(Stays(subject, Text(split)));
            _unchanged.Add((set, null, false, stored!.ModRevision));
            return;
        }

        var wished = declared is null ? null : declared with { By = _command.By, At = _now, Reason = _command.Reason, Owner = _command.Owner };
        var (before, after) = (stored is not null && split is null ? "unreadable" : Text(split), Text(wished));
        if (split is not null && wished is not null && split.Label == wished.Label && split.Shares.SequenceEqual(wished.Shares) && IsLeft(subject, before, isOurs, split.Owner, split.By, split.At))
        {
            _unchanged.Add((set, null, false, stored!.ModRevision));
        }
        else if (stored is null || isOurs || IsTakenOver(subject, stored.Error, before, split?.Owner, split?.By, split?.At, after))
        {
            Add(new SiteChange(stored is null ? SiteChangeKind.Add : wished is null ? SiteChangeKind.Remove : SiteChangeKind.Change, set, null, before, after), wished is null ? null : SplitRecord.Write(wished), stored?.ModRevision ?? 0, null, wished);
        }
    }

    private void Add(SiteChange change, byte[]? value, long modRevision, Intent? intent, Split? split) =>
        _writes.Add(new PlannedWrite(change, value is null ? null : ByteString.CopyFrom(value), modRevision) { Intent = intent, Split = split });

    /// <summary>Whether a record that says what is declared stays as it is.</summary>
    private bool IsLeft(string subject, string text, bool isOurs, string? owner, string by, DateTimeOffset? at)
    {
        if (isOurs)
        {
            return true;
        }

        if (!_command.IsForced)
        {
            _warnings.Add($"{subject} is {text} already{Who(owner, by, at)}, and stays theirs: --force takes it over");
        }

        return !_command.IsForced;
    }

    /// <summary>Whether what somebody else has written may be written over.</summary>
    private bool IsTakenOver(string subject, string? error, string before, string? owner, string? by, DateTimeOffset? at, string after)
    {
        var what = error is null ? $"{subject} is {before}{Who(owner, by ?? string.Empty, at)}, and the file says {after}" : $"the record of {subject} cannot be read ({SafeText.Shorten(error, MemberValidation.MaxReasonLength)}), and the file says {after}";
        (_command.IsForced ? _warnings : _conflicts).Add(_command.IsForced ? $"forced: {what}" : what);
        return _command.IsForced;
    }

    private static string Who(string? owner, string by, DateTimeOffset? at) =>
        $", {(owner is null ? "by hand" : $"declared by {SafeText.Shorten(owner, MemberValidation.MaxNameLength)}")}{(by.Length > 0 ? $", by {SafeText.Shorten(by, MemberValidation.MaxReasonLength)}" : string.Empty)}{(at is { } since ? string.Create(CultureInfo.InvariantCulture, $", since {since.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}") : string.Empty)}";

    private static string Stays(string subject, string text) => $"{subject} is {text}, and the file does not say all of that any more: --prune takes it back";

    private static string Text(Split? split) => SafeText.Shorten(SplitRecord.Text(split), MemberValidation.MaxReasonLength);

    private static string Text(Intent? intent) => intent switch
    {
        { IsDrained: true, Weight: { } weight } => FormattableString.Invariant($"drained, weight {weight}"),
        { IsDrained: true } => "drained",
        { Weight: { } weight } => FormattableString.Invariant($"weight {weight}"),
        _ => Announced,
    };
}

/// <summary>A record to write.</summary>
/// <param name="Change">What that changes.</param>
/// <param name="Value">The record; null where it is deleted.</param>
/// <param name="ModRevision">The revision that it must still be of, 0 for absent.</param>
internal sealed record PlannedWrite(SiteChange Change, ByteString? Value, long ModRevision)
{
    /// <summary>What is wished of the member; null for a split.</summary>
    public Intent? Intent { get; init; }

    /// <summary>The split; null for a member, and where it ends.</summary>
    public Split? Split { get; init; }
}

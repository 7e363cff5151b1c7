using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Operate.Rollouts.Rolling;

/// <summary>What is next in a rolling restart.</summary>
internal enum RollingMoveKind
{
    /// <summary>It is the turn of these, and they are not there.</summary>
    Await,

    /// <summary>These are to be drained.</summary>
    Drain,

    /// <summary>These are drained: their command is run when they have no calls.</summary>
    Run,

    /// <summary>These are resumed when they are ready.</summary>
    Resume,

    /// <summary>These have to be seen to get calls.</summary>
    Confirm,

    /// <summary>The record is not any more as what is there, and is written anew.</summary>
    Settle,

    /// <summary>Nobody is left.</summary>
    Finish,
}

/// <summary>What is next, and of whom.</summary>
/// <param name="Kind">What.</param>
/// <param name="Names">Of whom.</param>
/// <param name="Restart">As it is then, where the record is written.</param>
internal sealed record RollingMove(RollingMoveKind Kind, IReadOnlyList<string> Names, RollingRestart Restart)
{
    /// <summary>What somebody should know, each a sentence, safe to print.</summary>
    public IReadOnlyList<string> Told { get; init; } = [];

    /// <summary>Why it is paused with it; null where it is not.</summary>
    public string? Pause { get; init; }
}

/// <summary>Decides what is next in a rolling restart by what is there. It is pure.</summary>
internal static class RollingPlanner
{
    /// <summary>The restart of those who are asked for; null, with the reason, where that cannot be.</summary>
    public static RollingRestart? Begin(RolloutRequest request, OperatorView view, out string? unknown)
    {
        var labelled = new MemberSelection { Labels = request.Labels, Sets = new HashSet<int> { request.Set } }.Find(view, out var errors).ToHashSet();
        List<Member> all = [.. view.Members.Select(static announced => announced.Member).Where(member => member.Key.Set == request.Set && (request.Labels.Count == 0 || labelled.Contains(member.Key)))];
        unknown = errors.Count > 0 ? errors[0]
            : all.Count == 0 ? FormattableString.Invariant($"nobody is announced in set {request.Set}")
            : all.Count > RollingRestart.MostMembers ? FormattableString.Invariant($"{all.Count} members, and a rollout takes {RollingRestart.MostMembers}: choose some of them with --label")
            : null;
        return unknown is not null ? null : request.Restart! with { Members = [.. all.OrderBy(static member => member.Key).Select(static member => new RollingMember(member.Key.Name, member.Uri.Text, RollingStage.Waiting))] };
    }

    /// <summary>What is next.</summary>
    public static RollingMove Next(Rollout rollout, RollingRestart restart, OperatorView view)
    {
        if (RollingSettling.Next(rollout, restart, view) is { } settled)
        {
            return settled;
        }

        foreach (var (stage, kind) in new[] { (RollingStage.Drained, RollingMoveKind.Run), (RollingStage.Ran, RollingMoveKind.Resume), (RollingStage.Resumed, RollingMoveKind.Confirm) })
        {
            if (restart.In(stage) is { Count: > 0 } names)
            {
                return new RollingMove(kind, names, restart);
            }
        }

        var (batch, told, missing) = (new List<string>(), new List<string>(), new List<string>());
        foreach (var member in restart.Members.Where(static member => member.Stage == RollingStage.Waiting))
        {
            if (batch.Count == restart.Batch)
            {
                break;
            }

            if (WhySkipped(rollout, view, member) is { } why)
            {
                told.Add($"{SafeText.Shorten(member.Name, MemberValidation.MaxNameLength)} is skipped: {why}");
                restart = restart.With([member.Name], RollingStage.Skipped, why);
                continue;
            }

            batch.Add(member.Name);
            if (WhyNotThere(view, new MemberKey(rollout.Set, member.Name)) is not null)
            {
                missing.Add(member.Name);
            }
        }

        if (missing.Count > 0)
        {
            return new RollingMove(told.Count > 0 ? RollingMoveKind.Settle : RollingMoveKind.Await, missing, restart) { Told = told };
        }

        var uris = view.Members.Where(announced => announced.Member.Key.Set == rollout.Set).ToDictionary(static announced => announced.Member.Key.Name, static announced => announced.Member.Uri.Text, StringComparer.Ordinal);
        return batch.Count > 0
            ? new RollingMove(RollingMoveKind.Drain, batch, restart with { Members = [.. restart.Members.Select(member => batch.Contains(member.Name) ? member with { Stage = RollingStage.Drained, Uri = uris[member.Name], Said = null } : member)] }) { Told = told }
            : new RollingMove(told.Count > 0 ? RollingMoveKind.Settle : RollingMoveKind.Finish, [], restart) { Told = told };
    }

    /// <summary>Whether enough is left when these are drained, by the view of every proxy.</summary>
    public static Grounds Check(Rollout rollout, OperatorView view, IReadOnlyList<string> names) =>
        new MemberSelection().Check(new IntentCommand(IntentWish.Drain, new MemberSelection(), rollout.By) { MinReady = rollout.MinReady }, view, [.. names.Select(name => (IntentSubject)new MemberKey(rollout.Set, name))]);

    /// <summary>Who gets calls in the set without being announced, and so would not be restarted: a sentence, safe to print; empty for nobody. Of one that is kept by a proxy nobody knows the labels.</summary>
    public static IReadOnlyList<string> Unannounced(RolloutRequest request, OperatorView view)
    {
        List<string> held = [.. view.Proxies.SelectMany(static proxy => proxy.Status?.Held ?? []).Select(static member => member.Key).Where(key => key.Set == request.Set && !view.Members.Any(announced => announced.Member.Key == key)).Distinct().Order().Select(static key => key.Name)];
        return held.Count == 0 || request.Labels.Count > 0 ? []
            : [$"{RollingText.NamesOf(held)} {(held.Count == 1 ? "is" : "are")} not announced, and kept in rotation by a proxy (PANIC): the restart would leave {(held.Count == 1 ? "it" : "them")} out; wait for them, or let them go with 'kamrpc confirm'"];
    }

    /// <summary>Those who are to be restarted, and whose announcers do not say that they count their calls; nobody where that does not matter, and where Kamailio counts them at every proxy.</summary>
    public static IReadOnlyList<string> Uncounted(RollingRestart restart, OperatorView view, int set)
    {
        var counted = view.Members.Where(announced => announced.Member.Key.Set == set && announced.Member.CountsCalls).Select(static announced => announced.Member.Key.Name).ToHashSet(StringComparer.Ordinal);
        return restart.DrainTime is not null || CountsDialogs(view, set) ? [] : [.. restart.Members.Where(member => !counted.Contains(member.Name) && !view.IsDrained(new MemberKey(set, member.Name))).Select(static member => member.Name)];
    }

    /// <summary>Whether the Kamailio of each proxy that may send calls to the set counts its dialogs.</summary>
    private static bool CountsDialogs(OperatorView view, int set) =>
        view.Proxies.Where(proxy => proxy.MayServe(set)).ToList() is { Count: > 0 } serving && serving.TrueForAll(static proxy => proxy.Status?.Dialogs is not null);

    /// <summary>The same in a sentence, safe to print; none for nobody.</summary>
    public static IReadOnlyList<string> WhyUncounted(RollingRestart restart, OperatorView view, int set) => Uncounted(restart, view, set) is { Count: > 0 } names ? [RollingText.Uncounted(names)] : [];

    /// <summary>The intents that drain, or resume, these, as far as they are not so.</summary>
    public static IReadOnlyList<IntentWrite> Writes(Rollout rollout, OperatorView view, IEnumerable<string> names, bool isDrain, string by, DateTimeOffset now) =>
    [
        .. names.Select(name => new MemberKey(rollout.Set, name)).Select(key => (Key: key, Stored: view.StoredOf(key))).Where(one => isDrain || IsOurs(rollout, one.Stored))
            .Select(one => new IntentWrite(one.Key, IntentTransaction.ValueOf(Wished(rollout, one.Stored?.Intent ?? new Intent(one.Key), isDrain, by, now)), one.Stored?.ModRevision ?? 0)),
    ];

    /// <summary>Its weight stays, and whose that is; a record of an earlier version does not say who gave it.</summary>
    private static Intent Wished(Rollout rollout, Intent intent, bool isDrain, string by, DateTimeOffset now) =>
        isDrain ? intent.Drained(by, now, ReasonOf(rollout)) with { Owner = intent.Owner }
        : intent.Weighed is null ? intent.Resumed(by, now, null) with { Owner = intent.Owner }
        : intent.Resumed(by, now, null);

    /// <summary>Whether a drain is this rollout's, and nobody else's.</summary>
    public static bool IsOurs(Rollout rollout, StoredIntent? stored) => IsOurs(rollout, stored?.Intent);

    public static bool IsOurs(Rollout rollout, Intent? intent) => intent is { IsDrained: true, Reason: { } reason } && reason.StartsWith(MarkOf(rollout), StringComparison.Ordinal);

    /// <summary>Why a member may not get calls by a proxy's report, or that is not known; null where each has it in rotation.</summary>
    public static string? WhyNotServed(OperatorView view, MemberKey key)
    {
        if (view.Members.FirstOrDefault(announced => announced.Member.Key == key) is not { } announced)
        {
            return "not announced";
        }

        return view.IsDrained(key) ? "drained"
            : announced.Member.State != MemberState.Ready ? WhyNotReady(announced.Member)
            : view.Proxies.Where(proxy => proxy.MayServe(key.Set)).Select(proxy =>
                proxy.Status is not { } status ? $"the report of {SafeText.Shorten(proxy.Name)} cannot be read"
                : proxy.WhyOfNoUse is { } use ? $"{SafeText.Shorten(proxy.Name)} {use}"
                : status.Revision < announced.ModRevision ? $"{SafeText.Shorten(proxy.Name)} has not taken it in yet"
                : ReadyFloor.KeptOutBy(proxy, announced.Member) is { } kind ? $"{kind} on {SafeText.Shorten(proxy.Name)}"
                : status.MoreDeviations > 0 ? $"{SafeText.Shorten(proxy.Name)} does not name all who are not as wished"
                : null).FirstOrDefault(static why => why is not null);
    }

    /// <summary>Why a member cannot be resumed yet; null where it is announced as ready, whoever has drained it.</summary>
    public static string? WhyNotReady(OperatorView view, MemberKey key) =>
        view.Members.FirstOrDefault(announced => announced.Member.Key == key) is not { } announced ? "not announced" : announced.Member.State == MemberState.Ready ? null : WhyNotReady(announced.Member);

    private static string WhyNotReady(Member member) =>
        (member.State == MemberState.Down ? "down" : "draining") + (member.Reason is { } reason ? $": {SafeText.Shorten(reason)}" : string.Empty);

    /// <summary>Why nothing can be done to a member whose turn has come; null where something can, and where an operator has drained it, who is left alone then.</summary>
    public static string? WhyNotThere(OperatorView view, MemberKey key) =>
        view.StoredOf(key) is { Error: { } error } ? $"its intent cannot be read, {SafeText.Shorten(error)}: 'kamrpc resume {SafeText.Shorten(key.Name, MemberValidation.MaxNameLength)}' deletes it"
        : view.IsDrained(key) || view.Members.Any(announced => announced.Member.Key == key) ? null
        : WhyInRotation(view, key) is { } where ? $"not announced, and {where}"
        : "not announced";

    /// <summary>Who is not announced and may get calls nevertheless, by the reports of the proxies; null where no proxy has it.</summary>
    private static string? WhyInRotation(OperatorView view, MemberKey key) => view.Proxies.Where(proxy => proxy.MayServe(key.Set)).Select(proxy =>
    {
        var name = SafeText.Shorten(proxy.Name);
        return proxy.Status is not { } status ? $"the report of {name} cannot be read"
            : proxy.WhyOfNoUse is { } use ? $"{name} {use}"
            : status.Held.Any(member => member.Key == key) ? $"{name} keeps it as it was (PANIC)"
            : status.Deviations.Any(deviation => deviation.Kind is DeviationKind.Held or DeviationKind.Serving && new MemberKey(deviation.Set, deviation.Name) == key) ? $"{name} still has it in rotation"
            : status.MoreHeld > 0 || status.MoreDeviations > 0 ? $"{name} does not name all whom it keeps"
            : status.Follows is { } followed && followed.Records > view.Members.Count + view.Rejected.Count ? $"{name} has not followed yet that it has gone"
            : null;
    }).FirstOrDefault(static why => why is not null);

    private static string? WhySkipped(Rollout rollout, OperatorView view, RollingMember member)
    {
        var key = new MemberKey(rollout.Set, member.Name);
        return view.StoredOf(key)?.Intent is { IsDrained: true } drained ? RollingSettling.DrainedBy(drained)

            // It was waited for, and somebody has decided to go on.
            : member.Said == RollingRestart.Missed && view.StoredOf(key) is not { Error: not null } && WhyNotThere(view, key) is not null && WhyInRotation(view, key) is null ? RollingRestart.Gone
            : null;
    }

    private static string ReasonOf(Rollout rollout)
    {
        var reason = MarkOf(rollout) + (rollout.Reason is { } why ? ": " + why : string.Empty);
        return reason.Length > MemberValidation.MaxReasonLength ? reason[..MemberValidation.MaxReasonLength] : reason;
    }

    private static string MarkOf(Rollout rollout) => FormattableString.Invariant($"{Intent.RollingMark}{rollout.Set}, {rollout.Id}");
}

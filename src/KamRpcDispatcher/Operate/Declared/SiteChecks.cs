using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate.Splits;

namespace KamRpcDispatcher.Operate.Declared;

/// <summary>What speaks against a plan: the same as against the commands by which an operator would do each of it, but all of it together.</summary>
internal sealed class SiteChecks
{
    private readonly SiteView _site;
    private readonly SiteCommand _command;
    private readonly IReadOnlyList<PlannedWrite> _writes;

    /// <summary>Who is to be drained, and is not yet.</summary>
    private readonly List<MemberKey> _leaving;

    /// <summary>As it is when these are drained. Who is resumed by the same plan does not count yet: proxies have not said that he gets calls.</summary>
    private readonly OperatorView _drained;

    public SiteChecks(SiteView site, SiteCommand command, IReadOnlyList<PlannedWrite> writes)
    {
        (_site, _command, _writes) = (site, command, writes);
        _leaving = [.. writes.Select(static write => write.Intent).OfType<Intent>().Where(intent => intent.IsDrained && !site.View.IsDrained(intent.Key)).Select(static intent => intent.Key)];
        var intents = site.View.Intents.ToDictionary();
        foreach (var key in _leaving)
        {
            intents[key] = new StoredIntent(0, default, new Intent(key) { IsDrained = true }, null);
        }

        _drained = site.View with { Intents = intents };
    }

    /// <summary>The sets whose calls depend on what is decided here.</summary>
    public IReadOnlySet<int> Judged => _leaving.Select(static key => key.Set).Concat(Splits.Select(static split => split.Set)).ToHashSet();

    private IEnumerable<Split> Splits => _writes.Select(static write => write.Split).OfType<Split>();

    /// <summary>What would become of the sets in which something is written.</summary>
    public IReadOnlyList<SetForecast> Forecast()
    {
        var after = SetForecast.After(_site.View, _writes.Where(static write => write.Change.Name is not null).Select(static write => (new MemberKey(write.Change.Set, write.Change.Name!), write.Value is null ? null : write.Intent)));
        return
        [
            .. from write in _writes
               group write by write.Change.Set into of
               orderby of.Key
               let written = of.FirstOrDefault(static write => write.Change.Name is null)
               select SetForecast.Of(
                   _site.View,
                   of.Key,
                   written is null ? IntentsProgress.Kind : SplitsProgress.Kind,
                   (SplitForecast.MembersOf(_site.View, of.Key), BeforeOf(of.Key)),
                   (SplitForecast.MembersOf(after, of.Key), written is null ? BeforeOf(of.Key) : written.Split)),
        ];
    }

    /// <summary>Whom nobody knows, each with the line where the file names him and with what is there instead.</summary>
    public IReadOnlyList<string> UnknownMembers() => [.. Unknown().Select(static unknown => FormattableString.Invariant($"line {unknown.Member.Line}: {unknown.Error}"))];

    /// <summary>The same in one sentence; none where everybody is known.</summary>
    public IReadOnlyList<string> UnknownTogether()
    {
        const int Most = 8;
        List<DeclaredMember> all = [.. Unknown().Select(static unknown => unknown.Member).Distinct()];
        return all.Count < 2 ? UnknownMembers()
            : [FormattableString.Invariant($"nobody knows {all.Count} of the members: {string.Join(", ", all.Take(Most).Select(static member => FormattableString.Invariant($"{member.Key} (line {member.Line})")))}{(all.Count > Most ? FormattableString.Invariant($" and {all.Count - Most} more") : string.Empty)}")];
    }

    private IEnumerable<(DeclaredMember Member, string Error)> Unknown() =>
        from write in _writes
        where write is { Intent: not null, Value: not null, ModRevision: 0 }
        let member = _command.File.Members.First(declared => declared.Key == write.Intent!.Key)
        from error in ErrorsOf(member.Key)
        select (member, error);

    /// <summary>Labels and values that nobody has.</summary>
    public IReadOnlyList<string> UnknownValues() =>
    [
        .. from split in Splits
           let line = _command.File.Splits.First(declared => declared.Split.Set == split.Set).Line
           from error in ChecksOf(_site.View, split).Unknown()
           select FormattableString.Invariant($"line {line}: {error}"),
    ];

    public IEnumerable<string> Warnings() => Splits.SelectMany(split => ChecksOf(_site.View, split).Warnings()).Distinct(StringComparer.Ordinal);

    /// <param name="counted">The records on which that rests.</param>
    public IReadOnlyList<string> Refusals(out IReadOnlyList<AnnouncedMember> counted)
    {
        var splits = Splits.ToDictionary(static split => split.Set);
        var left = splits.Values.ToDictionary(static split => split.Set, split => ChecksOf(_site.View, split));
        var floor = new ReadyFloor(_site.View, _command.MinReady)
        {
            Idle = splits.Keys.SelectMany(set => left[set].Without(BeforeOf(set))).ToHashSet(),
        }.Check([.. _leaving.Concat(splits.Values.Where(split => _leaving.Exists(key => key.Set == split.Set)).SelectMany(split => left[split.Set].Without(split))).Distinct()]);
        List<string> refusals = [.. floor.Refusals];
        List<AnnouncedMember> all = [.. floor.Counted];
        foreach (var split in splits.Values)
        {
            // With the drains of the file it would be told of whom these have left, which is the same.
            refusals.AddRange(ChecksOf(_drained, split).Refusals(out var needed, floor.Sets.Contains(split.Set)));
            all.AddRange(needed);
        }

        counted = [.. all.DistinctBy(static announced => announced.Member.Key)];
        return [.. refusals.Distinct(StringComparer.Ordinal)];
    }

    private SplitChecks ChecksOf(OperatorView view, Split split) => new(view, new SplitCommand(split.Set, split, _command.By) { MinReady = _command.MinReady }, BeforeOf(split.Set));

    private Split? BeforeOf(int set) => _site.Splits.GetValueOrDefault(set)?.Split;

    private IReadOnlyList<string> ErrorsOf(MemberKey key)
    {
        new MemberSelection { Names = [key.Name], Sets = new HashSet<int> { key.Set }, Near = _command.Near }.Find(_site.View, out var errors);
        return errors;
    }
}

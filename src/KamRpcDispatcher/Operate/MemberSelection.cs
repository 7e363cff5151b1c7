using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Members;

namespace KamRpcDispatcher.Operate;

/// <summary>Which members a command means: by name, or all that are announced with some labels; in every set, or in some.</summary>
public sealed class MemberSelection : IntentSelection
{
    /// <summary>Names of members; empty where labels say it.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Labels that a member has to have, all of them; empty where names say it.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; init; } = [];

    /// <summary>The only sets to search; null for every set.</summary>
    public IReadOnlySet<int>? Sets { get; init; }

    internal override IReadOnlyList<IntentSubject> Find(IntentCommand command, OperatorView view, out IReadOnlyList<string> errors) =>
        [.. Find(view, out errors).Select(static member => (IntentSubject)member)];

    internal override Grounds Check(IntentCommand command, OperatorView view, IReadOnlyCollection<IntentSubject> leaving)
    {
        var floor = new ReadyFloor(view, command.MinReady).Check([.. leaving.Select(static subject => subject.Member)]);
        return new Grounds([.. floor.Refusals, .. ElsewhereMembers.Refusals(view, command.MinReady, leaving.Select(static subject => subject.Member))], [.. floor.Counted.Select(announced => new CountedKey(new IntentSubject(announced.Member.Key, null).Group, view.Keys.Member(announced.Member.Key), announced.ModRevision))]);
    }

    /// <summary>The members meant, by key; none where something is wrong.</summary>
    /// <param name="view">What is there.</param>
    /// <param name="errors">What nobody has, each with what is there instead: safe to print.</param>
    internal IReadOnlyList<MemberKey> Find(OperatorView view, out IReadOnlyList<string> errors)
    {
        IReadOnlyList<MemberKey> known = [.. view.Known.Concat(ElsewhereMembers.Named(view, this)).Distinct().Order()];
        List<string> wrong = [.. UnknownSets(known)];
        if (wrong.Count == 0)
        {
            wrong.AddRange(Names.Distinct(StringComparer.Ordinal).Select(name => UnknownName(view, known, name)).OfType<string>());
        }

        var labelled = view.Members.Where(announced => IsInSets(announced.Member.Key) && Labels.All(label => Has(announced, label))).Select(static announced => announced.Member.Key).ToList();
        if (wrong.Count == 0 && Labels.Count > 0 && labelled.Count == 0)
        {
            wrong.Add(UnknownLabels(view));
        }

        errors = wrong;
        return wrong.Count > 0 ? []
            : Labels.Count > 0 ? labelled
            : [.. known.Where(key => IsInSets(key) && Names.Contains(key.Name))];
    }

    /// <summary>
    /// Of whom nobody knows whether they have the labels, since their records cannot be used: an earlier one may be in force, and get calls; or whether they are there, since they come from elsewhere than etcd. Each a
    /// sentence, safe to print.
    /// </summary>
    internal override IReadOnlyList<string> Unjudged(OperatorView view) => Labels.Count == 0 ? [.. ElsewhereMembers.Unseen(view, this)] :
    [
        .. view.Rejected.Where(record => record is { IsNotReady: false, Member: { } key } && IsInSets(key))
            .Select(record => $"the record of {record.Member} cannot be used, so that nobody knows whether it has the label: name it, if it is meant"),
    ];

    private bool IsInSets(MemberKey key) => Sets?.Contains(key.Set) ?? true;

    private static bool Has(AnnouncedMember announced, KeyValuePair<string, string> label) =>
        announced.Member.Labels.TryGetValue(label.Key, out var value) && value == label.Value;

    private IEnumerable<string> UnknownSets(IReadOnlyList<MemberKey> known)
    {
        List<int> there = [.. known.Select(static key => key.Set).Distinct()];
        return (Sets ?? new HashSet<int>()).Except(there).Order()
            .Select(set => string.Create(CultureInfo.InvariantCulture, $"nobody is in set {set}; {(there.Count == 0 ? "nobody is announced in any" : $"somebody is in {ListOf(there.Select(Text))}")}"));
    }

    private string? UnknownName(OperatorView view, IReadOnlyList<MemberKey> known, string name)
    {
        var shown = SafeText.Shorten(name, MemberValidation.MaxNameLength);
        List<MemberKey> named = [.. known.Where(key => key.Name == name)];
        if (named.Count > 0)
        {
            return named.Exists(IsInSets) ? null : $"{shown} is not in {SetsGiven()}, but in {ListOf(named.Select(static key => Text(key.Set)))}";
        }

        List<string> there = [.. known.Where(IsInSets).Select(static key => key.Name).Distinct(StringComparer.Ordinal)];
        var near = Near(name, there);
        return $"there is no member '{shown}'; {(near.Count > 0 ? $"did you mean {string.Join(" or ", near)}?" : there.Count == 0 ? "nobody is announced" : $"there are {ListOf(there)}")}{ElsewhereMembers.Hint(view)}";
    }

    /// <summary>Of several labels the first one that nobody has is the one that is wrong.</summary>
    private string UnknownLabels(OperatorView view)
    {
        List<AnnouncedMember> members = [.. view.Members.Where(announced => IsInSets(announced.Member.Key))];
        var where = Sets is null ? string.Empty : $" in {SetsGiven()}";
        if (Labels.All(label => members.Exists(member => Has(member, label))))
        {
            return $"no member{where} has {string.Join(" and ", Labels.Select(Shown))} together, though each of them is there";
        }

        var missing = Labels.First(label => !members.Exists(member => Has(member, label)));
        List<string> values = [.. Distinct(members.Select(member => member.Member.Labels.GetValueOrDefault(missing.Key)))];
        List<string> names = [.. Distinct(members.SelectMany(static member => member.Member.Labels.Keys))];
        return $"no member{where} has the label {Shown(missing)}; "
            + (values.Count > 0 ? $"{missing.Key} is {ListOf(values, "or")} there"
            : names.Count > 0 ? $"the labels there are {ListOf(names)}"
            : members.Count > 0 ? "nobody has any label there" : "nobody is announced there");
    }

    private string SetsGiven() => $"set{(Sets is { Count: > 1 } ? "s" : string.Empty)} {ListOf((Sets ?? new HashSet<int>()).Order().Select(Text), "or")}";

    private static IEnumerable<string> Distinct(IEnumerable<string?> texts) => texts.OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    private static string Shown(KeyValuePair<string, string> label) => SafeText.Shorten($"{label.Key}={label.Value}", MemberValidation.MaxAttributeLength);

    private static string Text(int set) => set.ToString(CultureInfo.InvariantCulture);
}

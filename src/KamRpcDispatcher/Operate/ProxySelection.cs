using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Operate;

/// <summary>Which proxies a command means, by name: those that report now. One that does not may be drained by force, and resumed where it is drained.</summary>
public sealed class ProxySelection : IntentSelection
{
    public IReadOnlyList<string> Names { get; init; } = [];

    internal override IReadOnlyList<IntentSubject> Find(IntentCommand command, OperatorView view, out IReadOnlyList<string> errors)
    {
        List<string> names = [.. Names.Distinct(StringComparer.Ordinal)];
        List<string> reporting = [.. view.Proxies.Select(static proxy => proxy.Name)];
        errors = [.. names.Select(name => Wrong(command, view, reporting, name)).OfType<string>()];
        return errors.Count > 0 ? [] : [.. names.Select(IntentSubject.OfProxy).Order()];
    }

    internal override IReadOnlyList<string> Unjudged(OperatorView view) => [];

    /// <summary>
    /// One has to be left that reports, is not drained, and is not known to be of no use. Who does not report, or is known to be of no use, is no loss.
    /// </summary>
    internal override Grounds Check(IntentCommand command, OperatorView view, IReadOnlyCollection<IntentSubject> leaving)
    {
        var names = leaving.Select(static subject => subject.Proxy).ToHashSet(StringComparer.Ordinal);
        List<LiveProxy> serving = [.. view.Proxies.Where(proxy => !view.IsDrained(IntentSubject.OfProxy(proxy.Name)))];
        List<LiveProxy> left = [.. serving.Where(proxy => !names.Contains(proxy.Name) && proxy is { Status: not null, WhyOfNoUse: null })];
        var least = command.MinReady.Of(serving.Count);
        if (left.Count >= least || !serving.Exists(proxy => names.Contains(proxy.Name) && proxy.WhyOfNoUse is null))
        {
            return new Grounds([], [.. left.Take(least).Select(static proxy => new CountedKey(IntentSubject.OfProxy(proxy.Name).Group, proxy.Key, proxy.CreatedRevision) { IsOfCreation = true })]);
        }

        List<string> others = [.. view.Proxies.Where(proxy => !names.Contains(proxy.Name)).Select(proxy => $"{Shown(proxy.Name)} ({WhyNotCounted(view, proxy)})")];
        return new Grounds([$"no proxy would be left that reports, is not drained, and reaches its Kamailio{(others.Count > 0 ? $"; not counted: {ListOf(others)}" : string.Empty)}"], []);
    }

    private string? Wrong(IntentCommand command, OperatorView view, List<string> reporting, string name)
    {
        if (reporting.Contains(name) || view.ProxyIntents.ContainsKey(name))
        {
            return null;
        }

        if (command is { Wish: IntentWish.Drain, IsForced: true })
        {
            return MemberValidation.CheckName(name);
        }

        List<string> known = [.. reporting.Union(view.ProxyIntents.Keys)];
        var near = Near(name, known);
        var hint = command.Wish == IntentWish.Drain ? "; --force drains one that does not report" : string.Empty;
        return $"no proxy '{Shown(name)}' reports; "
            + (known.Count == 0 ? $"none does{hint}"
            : near.Count == known.Count ? $"did you mean {string.Join(" or ", near)}?"
            : $"there {(known.Count == 1 ? "is" : "are")} {ListOf(known.Select(Shown))}{hint}{(near.Count > 0 ? $"; did you mean {string.Join(" or ", near)}?" : string.Empty)}");
    }

    private static string WhyNotCounted(OperatorView view, LiveProxy proxy) =>
        view.IsDrained(IntentSubject.OfProxy(proxy.Name)) ? "drained" : proxy.WhyOfNoUse ?? "its report cannot be read";

    private static string Shown(string name) => SafeText.Shorten(name, MemberValidation.MaxNameLength);
}

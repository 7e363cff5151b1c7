using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Cycles;

/// <summary>What one cycle saw and decided: values only.</summary>
/// <param name="Membership">What is wanted.</param>
/// <param name="Held">Expired members that are wanted all the same.</param>
/// <param name="Table">What is there.</param>
/// <param name="Plan">The difference.</param>
/// <param name="Policy">What the plan was made by.</param>
internal sealed record CycleView(Membership Membership, IReadOnlyList<Member> Held, DispatcherTable Table, ChangePlan Plan, PlanPolicy Policy)
{
    /// <summary>Members whose lease ended while the store was away, for the moment in which they may come back.</summary>
    public IReadOnlyList<Member> Doubted { get; init; } = [];

    /// <summary>What Kamailio refuses.</summary>
    public IReadOnlyDictionary<ListedKey, Refusal> Refusals { get; init; } = new Dictionary<ListedKey, Refusal>();

    /// <summary>When those are removed that nobody wants any more, as far as that is known.</summary>
    public IReadOnlyDictionary<ListedKey, DateTimeOffset> Removals { get; init; } = new Dictionary<ListedKey, DateTimeOffset>();

    /// <summary>Sets that were in use, and that everybody has left.</summary>
    public IReadOnlySet<int> Deserted { get; init; } = new HashSet<int>();

    /// <summary>The sets of classes that share maps in Kamailio name, so that calls may go there; null where nobody knows, so that each may be one.</summary>
    public IReadOnlyDictionary<int, NamedClass>? Classes { get; init; }

    /// <summary>How long expired members are held.</summary>
    public TimeSpan Hold { get; init; }
}

/// <summary>A class that a share map names.</summary>
/// <param name="Home">The set whose map it is.</param>
/// <param name="Class">Its name in etcd; null where nobody knows.</param>
internal readonly record struct NamedClass(int Home, string? Class);

/// <summary>How the list stands to the membership.</summary>
/// <param name="Deviations">What is not as wished.</param>
/// <param name="Sets">The ready members of each set that is managed, and how many of them may get calls.</param>
internal sealed record ListComparison(IReadOnlyList<Deviation> Deviations, IReadOnlyDictionary<int, SetShare> Sets)
{
    /// <summary>How many changes of the plan only clear away what is left of classes that no map names: nobody has calls by them.</summary>
    public int Clearing { get; init; }
}

/// <summary>The members of a set that are to get calls, and those that do.</summary>
internal readonly record struct SetShare(int Wanted, int Serving);

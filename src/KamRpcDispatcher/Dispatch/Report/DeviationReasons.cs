using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>Why something is not as wished, from what a cycle knows.</summary>
internal sealed class DeviationReasons
{
    private readonly CycleView _view;
    private readonly Dictionary<ListedKey, Skip> _skips = [];
    private readonly Dictionary<MemberKey, ExpiredMember> _expired = [];
    private readonly Lazy<HashSet<MemberKey>> _names;

    public DeviationReasons(CycleView view)
    {
        _view = view;
        _names = new Lazy<HashSet<MemberKey>>(() => [.. view.Membership.Members.Select(static member => member.Key)], LazyThreadSafetyMode.None);
        foreach (var skip in view.Plan.Skips)
        {
            if (skip.Reason != SkipReason.Superseded)
            {
                _skips.TryAdd(new ListedKey(skip.Set, Spelling.First(skip.Uri)), skip);
            }
        }

        Superseded = view.Plan.Skips.Where(static skip => skip is { Reason: SkipReason.Superseded, Member: not null, Holder: not null })
            .DistinctBy(static skip => skip.Member!.Value)
            .ToDictionary(static skip => skip.Member!.Value, static skip => skip.Holder!.Value);
        foreach (var expired in view.Membership.Expired)
        {
            _expired[expired.Member.Key] = expired;
        }
    }

    /// <summary>Members that are left out, each with the one that has its address.</summary>
    public IReadOnlyDictionary<MemberKey, MemberKey> Superseded { get; }

    public Refusal? RefusalOf(Member member) => _view.Refusals.GetValueOrDefault(new ListedKey(member.Key.Set, member.Uri.Text));

    public DateTimeOffset? KeptUntil(Member member, TimeSpan time) => _expired.TryGetValue(member.Key, out var expired) ? expired.At + time : null;

    /// <summary>Why the plan left something as it is; null where it did not, or where there is nothing to say.</summary>
    public string? Skipped(int set, string uri) => _skips.GetValueOrDefault(new ListedKey(set, Spelling.First(uri))) is not { } skip ? null : skip.Reason switch
    {
        SkipReason.NotAllowed => $"--allow-attr does not name its attributes: {skip.Detail}",
        SkipReason.Flapping => "its record changes too often, so it waits",
        SkipReason.WithoutEffect => "changed more than once without effect",
        SkipReason.UnmanagedDuplicate => "somebody else has put its address there",
        SkipReason.Unsilenced => "cannot be disabled, since somebody else has put the same address there",
        _ => null,
    };

    /// <summary>Why nobody has the address of an own entry any more, as far as this daemon has seen it; null for not at all.</summary>
    public string? Left(ListedDestination entry)
    {
        if (AttributeText.Duid(entry.Attributes) is not { } name)
        {
            return null;
        }

        var key = new MemberKey(entry.Set, name);
        return _names.Value.Contains(key) ? "came with another address"
            : _expired.TryGetValue(key, out var expired) && expired.Member.Uri.Endpoint == Spelling.EndpointOf(entry.Uri) ? Expired(key)
            : null;
    }

    private string Expired(MemberKey key) => _view.Membership.Left.TryGetValue(key, out var cause) ? cause switch
    {
        LeaveCause.Vanished => "no EndpointSlice has it any more",
        LeaveCause.Emptied => "its set's file has nobody of the set",
        LeaveCause.Unsourced => "no --source brings its set any more",
        LeaveCause.Missing => "it went while nobody watched",
        _ => "its lease expired",
    } : "it went without a word";

    /// <summary>Why a member is not to get calls.</summary>
    public string NotReady(Member member)
    {
        if (_view.Membership.Drained.Contains(member.Key) && member.Reason is { } drained)
        {
            return drained;
        }

        var state = MemberStateName.Of(member.State);
        return string.IsNullOrEmpty(member.Reason) ? state : $"{state}: {member.Reason}";
    }
}

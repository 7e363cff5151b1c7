using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Operators;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources.Origins;

/// <summary>
/// The sets that no origin brings, in which there are members of before: a wrong set number or an origin that is named no more looks as if all of them had left at once. That is held like a mass expiry.
/// </summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log; null for nowhere.</param>
/// <param name="wished">What operators wish as far as it is known now; null for nothing.</param>
/// <param name="manages">Whether a set is managed; null for every set. What is in one that is not stays as it is.</param>
internal sealed class UnnamedSets(TimeProvider timeProvider, ILogger? logger = null, Func<OperatorIntents?>? wished = null, Predicate<int>? manages = null)
{
    private const string Held = "that is held like a mass expiry (--panic-threshold, --panic-hold), and then they are taken out";
    private const string Single = "a single one is not held, and is taken out now";

    private readonly WholeListings _listings = new(timeProvider, wished, LeaveCause.Unsourced);
    private Membership? _before;

    /// <summary>Those that have gone; null before <see cref="Begin"/>.</summary>
    public Membership? Current => _listings.Current;

    /// <summary>Takes a membership of before, of these sets alone.</summary>
    public void Seed(Membership before)
    {
        _before = before with
        {
            Members = [.. before.Members.Where(member => IsManaged(member.Key))],
            Expired = [.. before.Expired.Where(expired => IsManaged(expired.Member.Key))],
        };
        _listings.Seed(_before);
    }

    /// <summary>The others have told their members: from now on nobody is there. Does nothing the second time.</summary>
    public void Begin()
    {
        if (Current is not null)
        {
            return;
        }

        _listings.Replace([], [], static _ => LeaveCause.Unsourced);
        Tell(Current!.Expired);
    }

    /// <summary>Takes members that a proxy's list shows, as getting calls, as known before too.</summary>
    /// <returns>Whether there are such.</returns>
    public bool SeedListed(IReadOnlyList<Member> listed)
    {
        var known = Current?.Expired.ToHashSet() ?? [];
        if (!_listings.SeedListed([.. listed.Where(member => IsManaged(member.Key))], static _ => LeaveCause.Unsourced))
        {
            return false;
        }

        Tell(Current!.Expired.Where(expired => !known.Contains(expired)));
        return true;
    }

    private bool IsManaged(MemberKey member) => manages?.Invoke(member.Set) != false;

    private void Tell(IEnumerable<ExpiredMember> gone)
    {
        if (logger is null)
        {
            return;
        }

        foreach (var set in gone.GroupBy(static expired => expired.Member.Key.Set).OrderBy(static set => set.Key))
        {
            OriginLog.SetUnsourced(logger, set.Key, set.Count(), _before?.OfOthers([set.Key], static _ => string.Empty) ?? string.Empty, set.Count() > 1 ? Held : Single);
        }
    }
}

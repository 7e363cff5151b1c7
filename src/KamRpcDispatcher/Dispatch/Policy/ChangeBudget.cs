using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>
/// Limits how many structural changes the records of one member may cause: each costs Kamailio some 390 bytes of its shared memory for good,
/// so that one key which is rewritten in a loop would use it up. State changes cost nothing and are never held back, and a destination that is
/// added again as it was, after a restart or a reload of Kamailio, is free.
/// </summary>
/// <param name="burst">As many at once; 0 for any number.</param>
/// <param name="refill">The time after which there is one more.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class ChangeBudget(int burst, TimeSpan refill, TimeProvider timeProvider)
{
    private readonly Dictionary<MemberKey, Account> _accounts = [];
    private readonly Dictionary<ListedKey, MemberKey> _payers = [];
    private readonly HashSet<ListedKey> _replacing = [];
    private readonly Dictionary<MemberKey, long> _announced = [];

    /// <summary>The members that have used theirs up.</summary>
    public IReadOnlySet<MemberKey> Exhausted => _accounts.Keys.Where(key => Left(key) < 1).ToHashSet();

    /// <summary>Leaves out of a plan what is not to be made now, and says so among what is skipped.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="made">What was changed since the plan before.</param>
    /// <param name="members">The membership.</param>
    /// <param name="own">Own entries of the list.</param>
    public ChangePlan Hold(ChangePlan plan, IEnumerable<Change> made, IEnumerable<Member> members, IEnumerable<ListedDestination> own)
    {
        if (burst == 0)
        {
            return plan;
        }

        Charge(made);
        Forget();
        _announced.Clear();
        foreach (var member in members)
        {
            _announced[member.Key] = member.CreatedRevision;
        }

        Assign(plan, own);
        var exhausted = Exhausted;
        if (exhausted.Count == 0)
        {
            return plan;
        }

        var skips = plan.Skips.ToList();
        return plan with
        {
            Adds = [.. plan.Adds.Where(add => IsAsBefore(add) || MayGo(add, OwnerOf(add.Set, add.Attributes)))],
            Replacements = [.. plan.Replacements.Where(replacement => MayGo(replacement.Add, _payers[new ListedKey(replacement.Add.Set, replacement.Add.Uri)]))],
            Removes = [.. plan.Removes.Where(MayBeRemoved)],
            Skips = skips,
        };

        bool MayGo(AddDestination add, MemberKey payer)
        {
            if (!exhausted.Contains(payer))
            {
                return true;
            }

            skips.Add(new Skip(SkipReason.Flapping, add.Set, Spelling.First(add.Uri), payer));
            return false;
        }

        bool MayBeRemoved(RemoveDestination remove)
        {
            if (!_payers.TryGetValue(new ListedKey(remove.Set, remove.Uri), out var owner) || !exhausted.Contains(owner))
            {
                return true;
            }

            // It is disabled: nobody waits for it.
            skips.Add(new Skip(SkipReason.RemovalDelayed, remove.Set, remove.Uri, null));
            return false;
        }
    }

    /// <summary>In the sets of classes a name has one account: a new weight takes it from one class to another.</summary>
    internal static MemberKey OwnerOf(int set, string attributes) => new(ClassSets.Has(set) ? ClassSets.Base : set, AttributeText.Duid(attributes) ?? string.Empty);

    private static RefusedDestination FormOf(AddDestination add) => RefusedDestination.Of(add);

    /// <summary>Whose each change of the plan is: of a replacement all are one member's.</summary>
    private void Assign(ChangePlan plan, IEnumerable<ListedDestination> own)
    {
        _payers.Clear();
        _replacing.Clear();
        var removed = plan.Changes.OfType<RemoveDestination>().Select(static remove => new ListedKey(remove.Set, remove.Uri)).ToHashSet();
        foreach (var entry in removed.Count == 0 ? [] : own.Where(entry => removed.Contains(new ListedKey(entry.Set, entry.Uri))))
        {
            _payers[new ListedKey(entry.Set, entry.Uri)] = OwnerOf(entry.Set, entry.Attributes);
        }

        foreach (var replacement in plan.Replacements)
        {
            var add = replacement.Add;
            var newcomer = OwnerOf(add.Set, add.Attributes);
            ListedKey[] replaced = [.. replacement.Removes.Select(static remove => new ListedKey(remove.Set, remove.Uri))];

            // Where one name takes the place of another, the one that came later is the reason, whichever way it goes; whoever has left a
            // place behind is not, and a newcomer does not wait until that one's changes are paid.
            var payer = replacement.TakesFreePlace ? newcomer : replaced.Select(key => _payers.GetValueOrDefault(key, newcomer)).Prepend(newcomer).MaxBy(owner => _announced.GetValueOrDefault(owner, long.MaxValue));
            var added = new ListedKey(add.Set, add.Uri);
            _replacing.Add(added);
            foreach (var key in replaced.Prepend(added))
            {
                _payers[key] = payer;
            }
        }
    }

    private void Charge(IEnumerable<Change> made)
    {
        foreach (var change in made.Where(static change => change.IsStructural && change.Set != MemberKey.ReservedSet))
        {
            var key = new ListedKey(change.Set, change.Uri);
            if (change is AddDestination add && AttributeText.Duid(add.Attributes) is not null)
            {
                var owner = OwnerOf(add.Set, add.Attributes);
                if (_replacing.Contains(key))
                {
                    Pay(_payers[key]);
                }
                else if (_accounts.GetValueOrDefault(owner)?.Last != FormOf(add))
                {
                    Pay(owner);
                }

                if (_accounts.TryGetValue(owner, out var account))
                {
                    account.Last = FormOf(add);
                }
            }
            else if (change is RemoveDestination && _payers.TryGetValue(key, out var payer))
            {
                Pay(payer);
            }
        }
    }

    private Account Pay(MemberKey owner)
    {
        var account = _accounts.TryGetValue(owner, out var known) ? known : _accounts[owner] = new Account(timeProvider.GetTimestamp());
        account.Debt = Debt(account) + 1;
        account.At = timeProvider.GetTimestamp();
        return account;
    }

    private bool IsAsBefore(AddDestination add) => _accounts.GetValueOrDefault(OwnerOf(add.Set, add.Attributes))?.Last == FormOf(add);

    private double Left(MemberKey owner) => burst - Debt(_accounts[owner]);

    private double Debt(Account account) => Math.Max(0, account.Debt - (timeProvider.GetElapsedTime(account.At) / refill));

    private void Forget()
    {
        foreach (var paid in _accounts.Where(pair => Debt(pair.Value) <= 0).Select(static pair => pair.Key).ToList())
        {
            _accounts.Remove(paid);
        }
    }

    private sealed class Account(long at)
    {
        public double Debt { get; set; }

        public long At { get; set; } = at;

        /// <summary>What was added last.</summary>
        public RefusedDestination? Last { get; set; }
    }
}

using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan.Sets;

/// <summary>Changes of own entries in one set, by calls that reach these and nobody else's.</summary>
internal sealed class SetChanges(int set, SetTable table, PlanPolicy policy, ChangePlanBuilder plan)
{
    public void Silence(List<ListedDestination> copies) => Silence(copies, plan.Disables, plan.Silencings);

    /// <summary>Takes the calls from own entries. By its text a state change reaches the first entry that has it, whoever's it is.</summary>
    public void Silence(List<ListedDestination> copies, List<DisableDestination> disables, List<RemoveDestination> removes)
    {
        foreach (var entry in copies.Where(static entry => entry.State != ListedState.Disabled))
        {
            var remove = new RemoveDestination(set, entry.Uri);
            if (!table.IsOnlyOne(entry) && !table.HasForeignText(entry.Uri))
            {
                if (!removes.Contains(remove))
                {
                    removes.Add(remove);
                }
            }
            else if (table.IsOnlyOne(entry) || (disables == plan.Disables && table.DuidFor(entry) is not null))
            {
                // In a replacement there are two of its name.
                disables.Add(new DisableDestination(set, entry.Uri) { Duid = table.DuidFor(entry) });
            }
            else
            {
                Skip(SkipReason.Unsilenced, entry.Uri, null);
            }
        }
    }

    public void Enable(ListedDestination entry, ListedState state) =>
        plan.Enables.Add(new EnableDestination(set, entry.Uri, state) { Duid = table.DuidFor(entry) });

    public void RemoveNow(List<ListedDestination> copies) => RemoveNow(copies, plan.Removes);

    public void RemoveNow(List<ListedDestination> copies, List<RemoveDestination> removes)
    {
        foreach (var text in Texts(copies))
        {
            var remove = new RemoveDestination(set, text);
            if (table.HasForeignText(text))
            {
                // A remove drops every copy, the operator's too.
                Skip(SkipReason.UnmanagedDuplicate, text, null);
            }
            else if (!removes.Contains(remove) && !plan.Silencings.Contains(remove))
            {
                removes.Add(remove);
            }
        }
    }

    public static IEnumerable<string> Texts(List<ListedDestination> entries) => [.. entries.Select(static entry => entry.Uri).Distinct()];

    public void Skip(SkipReason reason, string text, MemberKey? member) => plan.Skips.Add(new Skip(reason, set, text, member));

    /// <summary>Whether an addition is left out, by what the policy forbids or what Kamailio refuses.</summary>
    public bool IsHeldBack(AddDestination add, Member member)
    {
        if (policy.Forbidden(member) is { } names)
        {
            plan.Skips.Add(new Skip(SkipReason.NotAllowed, set, member.Uri.Text, member.Key) { Detail = names });
            return true;
        }

        if (!policy.Refused.Contains(RefusedDestination.Of(add)))
        {
            return false;
        }

        Skip(SkipReason.Quarantined, member.Uri.Text, member.Key);
        return true;
    }
}

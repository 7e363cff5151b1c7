using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Sources.Operators;

/// <summary>The membership of another source with the intents applied that it carries: the last step, so that what is saved is what was announced.</summary>
internal sealed class OperatedSource(IMembershipSource inner) : IMembershipSource
{
    /// <summary>With the dots after it.</summary>
    private const int LongestReason = MemberValidation.MaxReasonLength - 3;

    private volatile Applied? _last;

    public Membership? Current
    {
        get
        {
            if (inner.Current is not { } membership)
            {
                return null;
            }

            // The same as long as nothing changes: whoever compares sees that at once.
            var last = _last;
            if (last is null || !ReferenceEquals(last.Announced, membership))
            {
                _last = last = new Applied(membership, Apply(membership));
            }

            return last.Operated;
        }
    }

    public Task RunAsync(Action changed, CancellationToken cancellationToken) => inner.RunAsync(changed, cancellationToken);

    /// <summary>
    /// The membership as operators wish it: who is ready by what it announces, or was when it expired, and is drained by an intent, is draining; who has a weight by an intent has that. So one that is kept though it
    /// has expired goes where an operator drains it.
    /// </summary>
    internal static Membership Apply(Membership membership)
    {
        if (membership.Intents is not { ByMember.Count: > 0 } intents)
        {
            return membership;
        }

        var drained = new HashSet<MemberKey>();
        return membership with
        {
            Members = [.. membership.Members.Select(AsWished)],
            Expired = [.. membership.Expired.Select(expired => expired with { Member = AsWished(expired.Member) })],
            Drained = drained,
        };

        Member AsWished(Member announced)
        {
            var member = intents.ByMember.GetValueOrDefault(announced.Key)?.Weight is { } weight ? announced with { Weight = weight } : announced;
            if (member.State != MemberState.Ready || !intents.TryGetDrain(member.Key, out var drain))
            {
                return member;
            }

            drained.Add(member.Key);
            return member with { State = MemberState.Draining, Reason = ReasonOf(drain), Since = drain.At ?? member.Since };
        }
    }

    private static string ReasonOf(Intent drain)
    {
        var by = $"drained by {(drain.By.Length == 0 ? "an operator" : drain.By)}";
        return SafeText.Shorten(string.IsNullOrEmpty(drain.Reason) ? by : $"{by}: {drain.Reason}", LongestReason);
    }

    private sealed record Applied(Membership Announced, Membership Operated);
}

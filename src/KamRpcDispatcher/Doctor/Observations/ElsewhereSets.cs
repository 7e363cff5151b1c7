namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>The sets of a Kamailio whose members come from elsewhere than etcd.</summary>
/// <param name="sourceOf">Where the members of a set come from, as the end of a sentence; null where that is etcd.</param>
/// <param name="mayHaveMembers">Whether that may be somewhere: what none of the sources brings has nobody.</param>
/// <param name="proxy">The proxy whose sets they are, safe to print.</param>
/// <param name="areSeen">Whether their members are seen: the dispatcher told them on its machine.</param>
internal sealed class ElsewhereSets(Func<int, string?> sourceOf, Func<int, bool> mayHaveMembers, string proxy, bool areSeen)
{
    public static readonly ElsewhereSets None = new(static _ => null, static _ => false, string.Empty, areSeen: true);

    /// <summary>Whether there may be members that are not seen.</summary>
    public bool HasUnseen => !areSeen;

    /// <summary>Whether the set's members come from elsewhere than etcd.</summary>
    public bool Has(int set) => sourceOf(set) is not null;

    /// <summary>Whether they do, and are not seen: what etcd has says nothing of them.</summary>
    public bool IsUnseen(int set) => !areSeen && mayHaveMembers(set);

    /// <summary><c>set 2 of p1 comes from file:/etc/kamrpc/members.json</c>.</summary>
    public string Sentence(int set) => FormattableString.Invariant($"set {set} of {proxy} {sourceOf(set)}");
}

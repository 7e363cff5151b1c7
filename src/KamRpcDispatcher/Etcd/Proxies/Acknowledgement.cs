using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Etcd.Proxies;

/// <summary>What the live proxies say to a revision of the store.</summary>
/// <param name="Proxies">How many there are.</param>
/// <param name="Missing">Those that have not silenced yet what the revision takes out of service, each with the reason where there is one, safe to print.</param>
/// <param name="Superseded">The members that some of the others leave out, each once, since another name has their address.</param>
/// <param name="Unnamed">How many more one of them leaves out without a name, who leave while calls go to their address.</param>
internal sealed record Acknowledgement(int Proxies, IReadOnlyList<string> Missing, IReadOnlyList<SupersededMember> Superseded, int Unnamed = 0)
{
    /// <summary>Those of the sets asked for that none of them serves: nobody who sends calls there has said anything.</summary>
    public IReadOnlySet<int> Unserved { get; init; } = new HashSet<int>();
}

using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Announce;

/// <summary>
/// Searches for other names of a server that leaves: where one is announced by its host name and by its address Kamailio has two destinations, and no
/// proxy can tell that calls go on by the other one. What this machine's resolver does not know is not seen.
/// </summary>
internal sealed class OtherNames(EtcdConnection store, EtcdKeys keys, IReadOnlyCollection<Member> own, Func<string, CancellationToken, Task<IPAddress[]>> resolve, TimeProvider timeProvider)
{
    /// <summary>More are not looked up.</summary>
    private const int MostNames = 32;

    /// <summary>Whoever leaves waits for the proxies all the same.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly KeyPages _pages = new(store, timeProvider);

    /// <summary>The members that leave while calls go to their server by another name; none where that cannot be found out.</summary>
    public async Task<IReadOnlyList<SupersededMember>> FindAsync(CancellationToken cancellationToken)
    {
        var others = new List<Member>();
        try
        {
            foreach (var set in own.Select(static member => member.Key.Set).Distinct())
            {
                var found = await _pages.ReadAsync(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{keys.Members}{set}/"), cancellationToken: cancellationToken).ConfigureAwait(false);
                foreach (var pair in found.Keys)
                {
                    if (keys.TryParseMember(pair.Key.ToStringUtf8(), out var key, out _) && MemberRecord.TryRead(key, pair.Value.Memory, out var member, out _) && member.State == MemberState.Ready)
                    {
                        others.Add(member);
                    }
                }
            }
        }
        catch (Exception exception) when (EtcdFailure.IsOutage(exception, cancellationToken))
        {
            // Whoever may read only its own keys cannot know.
            return [];
        }

        var leaving = own.Select(static member => member.Key).ToHashSet();
        others.RemoveAll(member => leaving.Contains(member.Key));
        var names = own.Concat(others.Where(other => own.Any(member => member.Uri.Port == other.Uri.Port && member.Uri.Transport == other.Uri.Transport)))
            .Where(static member => member.Uri.Address is null).Select(static member => member.Uri.Host).Distinct().Take(MostNames).ToList();
        return names.Count == 0 ? [] : Shared(own, others, await ResolveAsync(names, cancellationToken).ConfigureAwait(false));
    }

    /// <param name="own">Those that leave.</param>
    /// <param name="others">Those that are ready.</param>
    /// <param name="addresses">What host names lead to.</param>
    internal static IReadOnlyList<SupersededMember> Shared(IReadOnlyCollection<Member> own, IReadOnlyCollection<Member> others, IReadOnlyDictionary<string, IReadOnlyList<IPAddress>> addresses)
    {
        var leaving = own.Select(static member => member.Key).ToHashSet();
        return
        [
            .. SharedServer.Of(own.Concat(others), addresses)
                .SelectMany(shared => shared.Members.Where(member => leaving.Contains(member.Key))
                    .SelectMany(member => shared.Members.Where(other => !leaving.Contains(other.Key)).Take(1).Select(other => new SupersededMember(member.Key, other.Key, IsServed: true) { IsLeaving = true })))
                .DistinctBy(static found => found.Member),
        ];
    }

    private async Task<IReadOnlyDictionary<string, IReadOnlyList<IPAddress>>> ResolveAsync(List<string> names, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        var found = await Task.WhenAll(names.Select(name => ResolveAsync(name, patience.Token))).ConfigureAwait(false);
        return names.Zip(found).ToDictionary(static pair => pair.First, static pair => pair.Second, StringComparer.OrdinalIgnoreCase);
    }

    private async Task<IReadOnlyList<IPAddress>> ResolveAsync(string name, CancellationToken patience)
    {
        try
        {
            return await resolve(name, patience).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return [];
        }
    }
}

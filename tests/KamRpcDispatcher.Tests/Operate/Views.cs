using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>What an operator's decision goes by, made by hand.</summary>
internal static class Views
{
    public static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    public static OperatorView Of(params IReadOnlyList<Member> members) => new(
        50,
        [.. members.OrderBy(static member => member.Key).Select(static (member, index) => new AnnouncedMember(member, 7) { ModRevision = 10 + index })],
        [],
        new Dictionary<MemberKey, StoredIntent>(),
        []);

    public static OperatorView WithDrained(this OperatorView view, params string[] members) => view with
    {
        Intents = members.Select(Key).ToDictionary(static key => key, static key => new StoredIntent(40, default, new Intent(key) { IsDrained = true, By = "ops@host" }, null)),
    };

    public static OperatorView With(this OperatorView view, params LiveProxy[] proxies) => view with { Proxies = proxies };

    /// <summary>A proxy where so many ready members of set 1 get calls, those apart that are named.</summary>
    public static LiveProxy Proxy(string name, int serving, params Deviation[] deviations) => new(name, Status(serving, deviations));

    public static ProxyStatus Status(int serving, params Deviation[] deviations) =>
        new(50, Now, "5.6", 0, ImmutableSortedDictionary<int, SetStatus>.Empty.Add(1, new SetStatus(serving, serving) { Wanted = serving, Serving = serving })) { Deviations = [.. deviations] };

    public static Deviation Off(string kind, string name, string? uri = null) => new(kind, 1, name, uri ?? Members.Of(name).Uri.Text, Now);

    public static MemberKey Key(string text) => MemberKey.TryParse(text, out var key, out var error) ? key : throw new FormatException(error);
}

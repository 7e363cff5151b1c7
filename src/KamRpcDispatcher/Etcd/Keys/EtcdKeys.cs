using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd.Keys;

/// <summary>The keys of one cluster in etcd.</summary>
/// <param name="cluster">A name that has passed <see cref="MemberValidation.CheckCluster"/>.</param>
public sealed class EtcdKeys(string cluster)
{
    /// <summary>Everything below it is a member: <c>members/&lt;set&gt;/&lt;name&gt;</c>.</summary>
    public string Members { get; } = $"/kamrpc/{cluster}/members/";

    public string Member(MemberKey member) => string.Create(CultureInfo.InvariantCulture, $"{Members}{member.Set}/{member.Name}");

    /// <summary>Everything below it is an operator's wish: <c>intents/&lt;set&gt;/&lt;name&gt;</c>.</summary>
    public string Intents { get; } = $"/kamrpc/{cluster}/intents/";

    /// <summary>Everything below it is a wish that concerns a proxy, and no member: <c>intents/proxies/&lt;proxy&gt;</c>.</summary>
    public string ProxyIntents { get; } = $"/kamrpc/{cluster}/intents/proxies/";

    public string Intent(MemberKey member) => string.Create(CultureInfo.InvariantCulture, $"{Intents}{member.Set}/{member.Name}");

    /// <summary>Everything below it is an operator's split of a set: <c>splits/&lt;set&gt;</c>.</summary>
    public string Splits { get; } = $"/kamrpc/{cluster}/splits/";

    public string Split(int set) => string.Create(CultureInfo.InvariantCulture, $"{Splits}{set}");

    /// <summary>Everything below it is the numbers of a set's classes: <c>classes/&lt;set&gt;</c>.</summary>
    public string Classes { get; } = $"/kamrpc/{cluster}/classes/";

    public string ClassesOf(int set) => string.Create(CultureInfo.InvariantCulture, $"{Classes}{set}");

    /// <summary>Everything below it says how many calls are up on a member that is drained: <c>calls/&lt;set&gt;/&lt;name&gt;</c>.</summary>
    public string Calls { get; } = $"/kamrpc/{cluster}/calls/";

    public string CallCount(MemberKey member) => string.Create(CultureInfo.InvariantCulture, $"{Calls}{member.Set}/{member.Name}");

    /// <summary>Everything below it is a change that somebody made: <c>history/&lt;time&gt;-&lt;random&gt;</c>.</summary>
    public string History { get; } = $"/kamrpc/{cluster}/history/";

    /// <summary>Everything below it is a rollout of a set, <c>rollouts/&lt;set&gt;</c>, and who runs it, <c>rollouts/&lt;set&gt;/runner</c>.</summary>
    public string Rollouts { get; } = $"/kamrpc/{cluster}/rollouts/";

    public string Rollout(int set) => string.Create(CultureInfo.InvariantCulture, $"{Rollouts}{set}");

    public string RolloutRunner(int set) => Rollout(set) + "/runner";

    /// <summary>Whether a key below <see cref="Rollouts"/> is a rollout, or who runs one.</summary>
    internal bool IsOfRollout(string key)
    {
        const string Runner = "/runner";
        return TryParseSet(Rollouts, key.EndsWith(Runner, StringComparison.Ordinal) ? key[..^Runner.Length] : key, out _, out _);
    }

    public string ProxyIntent(string proxy) => ProxyIntents + proxy;

    /// <summary>Everything below it is a proxy's report: <c>proxies/&lt;proxy&gt;</c>.</summary>
    public string Proxies { get; } = $"/kamrpc/{cluster}/proxies/";

    /// <summary>The report of one proxy.</summary>
    public string Proxy(string proxy) => Proxies + proxy;

    /// <summary>Everything below it is a revision that somebody waits for: <c>waits/&lt;id&gt;</c>.</summary>
    public string Waits { get; } = $"/kamrpc/{cluster}/waits/";

    /// <summary>Reads a key below <see cref="Members"/>.</summary>
    public bool TryParseMember(string key, out MemberKey member, [NotNullWhen(false)] out string? error) => TryParse(Members, key, out member, out error);

    /// <summary>Reads a key below <see cref="Intents"/>.</summary>
    public bool TryParseIntent(string key, out MemberKey member, [NotNullWhen(false)] out string? error) => TryParse(Intents, key, out member, out error);

    /// <summary>Reads a key that is a prefix, <see cref="Splits"/> or <see cref="Classes"/>, and the number of a set.</summary>
    internal static bool TryParseSet(string prefix, string key, out int set, [NotNullWhen(false)] out string? error)
    {
        set = 0;
        error = key.StartsWith(prefix, StringComparison.Ordinal) && int.TryParse(key.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out set)
            && set.ToString(CultureInfo.InvariantCulture) == key[prefix.Length..] && set != MemberKey.ReservedSet && !ClassSets.Has(set)
                ? null
                : $"the key is not {prefix}<set>";
        return error is null;
    }

    /// <summary>Reads a key below <see cref="Calls"/>.</summary>
    public bool TryParseCallCount(string key, out MemberKey member, [NotNullWhen(false)] out string? error) => TryParse(Calls, key, out member, out error);

    /// <summary>Reads a key below <see cref="ProxyIntents"/>.</summary>
    public bool TryParseProxyIntent(string key, [NotNullWhen(true)] out string? proxy, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(key);
        proxy = key.StartsWith(ProxyIntents, StringComparison.Ordinal) ? key[ProxyIntents.Length..] : null;
        error = proxy is null ? $"the key is not {ProxyIntents}<proxy>" : MemberValidation.CheckName(proxy);
        return error is null;
    }

    private static bool TryParse(string prefix, string key, out MemberKey member, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!key.StartsWith(prefix, StringComparison.Ordinal) || key[prefix.Length..].Count(static c => c == '/') != 1)
        {
            member = default;
            error = $"the key is not {prefix}<set>/<name>";
            return false;
        }

        return MemberKey.TryParse(key[prefix.Length..], out member, out error);
    }

    /// <summary>The first key after all keys with the prefix: the prefix with its last byte one higher ('/' becomes '0').</summary>
    internal static ByteString PrefixEnd(string prefix)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(prefix);
        bytes[^1]++;
        return ByteString.CopyFrom(bytes);
    }
}

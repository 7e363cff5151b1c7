using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd;

/// <summary>The keys of one cluster in etcd.</summary>
/// <param name="cluster">A name that has passed <see cref="MemberRules.CheckCluster"/>.</param>
public sealed class EtcdKeys(string cluster)
{
    /// <summary>Everything below it is a member: <c>members/&lt;set&gt;/&lt;name&gt;</c>.</summary>
    public string Members { get; } = $"/kamrpc/{cluster}/members/";

    public string Member(MemberKey member) => string.Create(CultureInfo.InvariantCulture, $"{Members}{member.Set}/{member.Name}");

    /// <summary>The report of one proxy.</summary>
    public string Proxy(string proxy) => $"/kamrpc/{cluster}/proxies/{proxy}";

    /// <summary>Reads a key below <see cref="Members"/>.</summary>
    public bool TryParseMember(string key, out MemberKey member, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(key);
        member = default;
        var parts = key.StartsWith(Members, StringComparison.Ordinal) ? key[Members.Length..].Split('/') : [];
        if (parts.Length != 2)
        {
            error = $"the key is not {Members}<set>/<name>";
            return false;
        }

        // One spelling only: "01" and "1" would be two keys for one set.
        if (!int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var set) || set.ToString(CultureInfo.InvariantCulture) != parts[0])
        {
            error = $"the set '{MemberRules.Shorten(parts[0])}' is not a number from 0 to {int.MaxValue}";
            return false;
        }

        error = MemberRules.CheckName(parts[1]);
        member = new MemberKey(set, parts[1]);
        return error is null;
    }
}

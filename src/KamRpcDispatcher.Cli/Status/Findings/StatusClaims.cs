using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Cli.Status.Findings;

/// <summary>Addresses that several names of a set announce: one of them is followed.</summary>
internal sealed class StatusClaims
{
    public const string Title = "SEVERAL NAMES FOR ONE ADDRESS (one is followed; -o json has them all)";

    private const int MostFindings = 10;
    private const int LongestName = 24;

    private readonly List<AddressClaim> _claims;
    private readonly HashSet<MemberKey> _drained;

    public StatusClaims(ClusterView cluster)
    {
        // A proxy knows what its Kamailio refuses, and who holds an address there.
        var told = cluster.Proxies.SelectMany(static proxy => proxy.Status?.Superseded ?? []).Select(static superseded => superseded.Member).ToHashSet();
        _drained = [.. cluster.Members.Where(static announced => announced.IsDrained).Select(static announced => announced.Member.Key)];
        _claims = [.. AddressClaim.Of(cluster.Members.Select(static announced => announced.InEffect), member => told.Contains(member.Key)).Where(static claim => claim.Others.Count > 0)];
    }

    public int Count => _claims.Count;

    public IEnumerable<StatusFinding> Findings()
    {
        foreach (var claim in _claims.Take(MostFindings))
        {
            var left = string.Join(", ", claim.Others.Take(2).Select(static member => Name(member))) + (claim.Others.Count > 2 ? $" and {claim.Others.Count - 2} more" : string.Empty);
            yield return new StatusFinding(
                FindingCode.AddressHeld,
                FormattableString.Invariant($"set {claim.Holder.Key.Set}: {Name(claim.Holder)} has the address of {left} too, and is followed"))
            {
                Set = claim.Holder.Key.Set,
                Member = claim.Others[0].Key.Name,
            };
        }

        if (_claims.Count > MostFindings)
        {
            yield return new StatusFinding(FindingCode.AddressHeld, Ages.Count(_claims.Count - MostFindings, "more address") + " announced by several names");
        }
    }

    public TextTable Table(Layout layout)
    {
        var table = layout.Table("SET", "URI", "FOLLOWED", "LEFT OUT");
        foreach (var claim in _claims)
        {
            table.Add(
                claim.Holder.Key.Set.ToString(CultureInfo.InvariantCulture),
                claim.Holder.Uri.Text,
                Told(claim.Holder),
                string.Join(", ", claim.Others.Select(Told)));
        }

        return table;
    }

    public void Write(Utf8JsonWriter writer) => JsonText.WriteArray(writer, "claims", _claims, static (json, claim) =>
    {
        json.WriteNumber("set", claim.Holder.Key.Set);
        json.WriteString("uri", claim.Holder.Uri.Text);
        json.WriteString("followed", claim.Holder.Key.Name);
        json.WriteStartArray("leftOut");
        foreach (var other in claim.Others)
        {
            json.WriteStringValue(other.Key.Name);
        }

        json.WriteEndArray();
    });

    private static string Name(Member member) => SafeText.Shorten(member.Key.Name, LongestName);

    private string Told(Member member) => $"{member.Key.Name} ({(_drained.Contains(member.Key) ? "drained" : MemberStateName.Of(member.State))})";
}

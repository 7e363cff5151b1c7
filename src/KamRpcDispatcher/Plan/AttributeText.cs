using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan;

/// <summary>The text of <c>attrs</c> that this tool writes, and the mark in it by which it knows its own entries again.</summary>
internal static partial class AttributeText
{
    private const string Mark = "kamrpc";
    private const string DuidName = "duid";

    /// <summary>Only where <see cref="Format(Member, string)"/> writes it.</summary>
    [GeneratedRegex("^(duid=[^;\"]*;kamrpc=[^;\"]*);weight=[0-9]+;rweight=[0-9]+")]
    private static partial Regex Weight { get; }

    /// <summary>
    /// <c>duid=NAME;kamrpc=CLUSTER[;weight=N;rweight=N][;name=value...]</c>: deterministic, since a different text is a different entry.
    /// Kamailio reads <c>weight</c> for algorithm 9 and <c>rweight</c> for 11, so both are written.
    /// </summary>
    public static string Format(Member member, string cluster)
    {
        var text = new StringBuilder(Format(member.Key.Name, cluster));
        if (member.Weight is { } weight)
        {
            text.Append(CultureInfo.InvariantCulture, $";weight={weight};rweight={weight}");
        }

        foreach (var (name, value) in member.Attributes)
        {
            text.Append(';').Append(name).Append('=').Append(AttributeList.Quoted(value));
        }

        return text.ToString();
    }

    /// <summary>Whether two texts say the same, or the same but for the weight.</summary>
    public static bool AreSame(string one, string other, bool whateverWeight) => one == other || (whateverWeight && WithoutWeight(one) == WithoutWeight(other));

    private static string WithoutWeight(string text) => Weight.Replace(text, "$1");

    /// <summary>The same of an entry that has an identity only.</summary>
    public static string Format(string duid, string cluster) => $"{DuidName}={duid};{Mark}={cluster}";

    /// <summary>Whether the entry was added by this tool for this cluster. Whoever wrote what cannot be shown as it is was not this tool.</summary>
    public static bool IsOwn(ListedDestination entry, string cluster) => entry.IsExact && IsOwn(entry.Attributes, cluster);

    /// <summary>Whether the entry with these attributes was added by this tool for this cluster.</summary>
    public static bool IsOwn(string attributes, string cluster) => Cluster(attributes) == cluster;

    /// <summary>The cluster for which this tool added the entry with these attributes; null where it did not.</summary>
    public static string? Cluster(string attributes) => AttributeList.FindExact(attributes, Mark);

    /// <summary>The identity of the entry with these attributes; null where they name none.</summary>
    public static string? Duid(string attributes) => AttributeList.FindExact(attributes, DuidName);

    /// <summary>The socket that Kamailio is to send from; null where the attributes name none.</summary>
    public static string? Socket(string attributes) => AttributeList.Find(attributes, "socket");

    /// <summary>The proxy by which Kamailio sends what is for the entry, whatever its own address and transport; null where the attributes name none.</summary>
    public static string? OutboundProxy(string attributes) => AttributeList.Find(attributes, "obproxy");
}

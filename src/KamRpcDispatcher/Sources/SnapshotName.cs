using System.Security.Cryptography;
using System.Text;

namespace KamRpcDispatcher.Sources;

/// <summary>The part of a file's name that is a cluster's and a proxy's.</summary>
internal static class SnapshotName
{
    /// <summary>A name in a directory has 255 bytes at most; some are for what stands before and behind.</summary>
    private const int Longest = 160;

    private const int DigestLength = 16;

    /// <summary>Neither of the two names may hold a '+', so that no other two come to the same; what is too long ends with a digest of the whole.</summary>
    public static string Of(string cluster, string proxy)
    {
        var whole = $"{cluster}+{proxy}";
        return whole.Length <= Longest
            ? whole
            : $"{whole[..(Longest - DigestLength - 1)]}+{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(whole)))[..DigestLength]}";
    }
}

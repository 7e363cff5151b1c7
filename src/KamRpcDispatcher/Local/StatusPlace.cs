using System.Security.Cryptography;
using System.Text;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Local;

/// <summary>Where a dispatcher answers others on its machine: a socket in its reply directory, named after its cluster and proxy, so that two daemons have one each.</summary>
public static class StatusPlace
{
    private const string Common = "/run";
    private const string Own = "kamrpc";
    private const string Prefix = "status-";
    private const string WholePrefix = "members-";
    private const string Suffix = ".sock";

    /// <summary>The name is no longer than that of a socket for replies: where those have room it has.</summary>
    private const int DigestLength = 16;

    /// <summary>The socket's name in the directory.</summary>
    public static string NameOf(string cluster, string proxy) => NameOf(Prefix, cluster, proxy);

    /// <summary>The name of the socket that tells all that there is, of a dispatcher without etcd.</summary>
    public static string WholeNameOf(string cluster, string proxy) => NameOf(WholePrefix, cluster, proxy);

    /// <summary>Such sockets in a directory, as far as this user may look into it.</summary>
    internal static IReadOnlyList<string> WholeIn(string directory)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(directory, WholePrefix + "*" + Suffix).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string NameOf(string prefix, string cluster, string proxy) =>
        prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{cluster}+{proxy}")))[..DigestLength] + Suffix;

    /// <summary>
    /// Where it may be for somebody who does not know with which directory the dispatcher was started: in the one that would be his own, and in those of services that are
    /// called after kamrpc, as systemd makes them.
    /// </summary>
    public static IReadOnlyList<string> Usual(string own)
    {
        List<string> directories = [own, Path.Combine(Common, Own)];
        try
        {
            directories.AddRange(Directory.EnumerateDirectories(Common, Own + "*").Order(StringComparer.Ordinal));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // There is no such place here.
        }

        return [.. directories.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Why nobody should believe what a socket in the directory says: anybody may have made it; null for nothing.</summary>
    internal static string? WhyNotBelieved(string directory) =>
        FileStatus.OfLink(directory) is not { } status ? $"there is no {directory}"
        : status.User == 0 || status.User == LibC.EffectiveUser() ? null
        : FileStatus.Of(Path.GetDirectoryName(directory) ?? "/") is { } parent && !parent.Mode.HasFlag(UnixFileMode.OtherWrite) ? null
        : $"{directory} belongs to user {status.User}, in a place where everybody may make one";
}

using System.Net;
using System.Net.NetworkInformation;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Doctor.Snippet;

/// <summary>What is asked of the machine on which Kamailio is to start with a config.</summary>
/// <param name="Read">The text of a file, null when there is none; throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when it cannot be read.</param>
internal sealed record SnippetHost(Func<string, string?> Read)
{
    /// <summary>Whether there is a directory of this path; null where that cannot be seen from here.</summary>
    public Func<string, bool?> IsDirectory { get; init; } = static _ => null;

    /// <summary>Whether an address is one of this machine's; null where one that is not may be bound too, or that cannot be told.</summary>
    public Func<IPAddress, bool?> HasAddress { get; init; } = static _ => null;

    /// <summary>Whether there is such a user, by name or number.</summary>
    public Func<string, bool> HasUser { get; init; } = static _ => true;

    /// <summary>Of those as whom Kamailio starts: who may not read a file, each with the file or directory that keeps it from that.</summary>
    public Func<string, IReadOnlyList<(string User, string Obstacle)>> WhoCannotRead { get; init; } = static _ => [];

    /// <summary>The same for making something in a directory.</summary>
    public Func<string, IReadOnlyList<(string User, string Obstacle)>> WhoCannotWrite { get; init; } = static _ => [];

    /// <summary>The same for making a user the owner of what they have made.</summary>
    public Func<string, IReadOnlyList<string>> WhoCannotGiveTo { get; init; } = static _ => [];

    /// <param name="user">As whom Kamailio starts; null for whoever has started one here now.</param>
    public static SnippetHost Here(string? user) => new(NamedFile.ReadTextOrNull)
    {
        IsDirectory = static path => FileStatus.Of(path) is { } status ? status.IsDirectory : IsSeen(path) ? false : null,
        HasAddress = IsOwn,
        HasUser = KamailioReaders.Exists,
        WhoCannotRead = path => OfAll(user, accounts => KamailioReaders.WhoCannotRead(path, accounts)),
        WhoCannotWrite = path => OfAll(user, accounts => KamailioReaders.WhoCannotWrite(path, accounts)),
        WhoCannotGiveTo = owner => OfAll(user, accounts => KamailioReaders.WhoCannotGiveTo(owner, accounts)),
    };

    /// <summary>Where several users have started one, the config may be that of any.</summary>
    private static IReadOnlyList<T> OfAll<T>(string? user, Func<IReadOnlyList<Account>, IReadOnlyList<T>> find)
    {
        var accounts = KamailioReaders.Starters(user);
        return find(accounts) is var found && found.Count == accounts.Count ? found : [];
    }

    private static bool? IsOwn(IPAddress address)
    {
        try
        {
            return IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)
                || NetworkInterface.GetAllNetworkInterfaces().SelectMany(static one => one.GetIPProperties().UnicastAddresses).Any(own => own.Address.Equals(address)) ? true
                : File.ReadAllText("/proc/sys/net/ipv4/ip_nonlocal_bind").Trim() == "0" ? false
                : null;
        }
        catch (Exception exception) when (exception is NetworkInformationException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether what is not there would be seen if it were: a directory on the way may be shut to this user.</summary>
    private static bool IsSeen(string path)
    {
        for (var above = Path.GetDirectoryName(path); above is not null; above = Path.GetDirectoryName(above))
        {
            if (FileStatus.Of(above) is { } status)
            {
                return !status.IsDirectory || FileStatus.Of(Path.Combine(above, ".")) is not null;
            }
        }

        return true;
    }
}

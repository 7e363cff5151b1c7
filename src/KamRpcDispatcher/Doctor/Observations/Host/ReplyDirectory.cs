using KamRpcDispatcher.Doctor.Observations.Sockets;

namespace KamRpcDispatcher.Doctor.Observations.Host;

/// <summary>Our directory for the sockets that Kamailio replies to.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Way">The directories from the root down to it, as far as they are there.</param>
/// <param name="IsWritable">Whether this user may make sockets in it, or make the directory.</param>
/// <param name="KamailioUser">The owner of Kamailio's socket; null where there is none.</param>
internal sealed record ReplyDirectory(string Path, IReadOnlyList<FileRights> Way, bool IsWritable, uint? KamailioUser)
{
    /// <summary>Who Kamailio is, where that is seen: the owner of a socket need not be.</summary>
    public Credentials? Kamailio { get; init; }
}

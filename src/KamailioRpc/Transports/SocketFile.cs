using System.Globalization;

namespace KamailioRpc.Transports;

/// <summary>The file of a Unix socket of Kamailio's.</summary>
internal static class SocketFile
{
    /// <summary>When the socket was made, to some milliseconds: Kamailio makes it once, at its start. A socket's time of modification does not change.</summary>
    public static string Incarnation(string path)
    {
        try
        {
            return File.GetLastWriteTimeUtc(path).ToString("O", CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Whatever is in the way is said by the call that follows.
            return string.Empty;
        }
    }

    /// <exception cref="KamailioUnreachableException">There is no such file, or it cannot be seen: to connect would say "address not available" of either.</exception>
    public static void Require(KamailioAddress address)
    {
        if (!File.Exists(address.Path))
        {
            throw new KamailioUnreachableException(address, "there is no such socket, or this user may not enter its directory", null);
        }
    }
}

using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Doctor.Snippet;

/// <summary>Who has to be able to read what Kamailio reads.</summary>
public static class KamailioReaders
{
    /// <summary>Whether there is such a user, by name or number.</summary>
    public static bool Exists(string user) => Account.Find(user) is not null;

    /// <summary>Those who cannot read a file, each with what keeps it from doing so.</summary>
    /// <param name="file">The file.</param>
    /// <param name="user">The one that Kamailio runs as; null for whoever runs a Kamailio here now.</param>
    public static IReadOnlyList<(string User, string Obstacle)> WhoCannotRead(string file, string? user) =>
    [
        .. (user is null ? Running().Select(Account.Of) : [Account.Find(user)!])
            .Select(account => (account.Name, Obstacle: account.Obstacle(file)))
            .Where(static one => one.Obstacle is not null)
            .Select(static one => (one.Name, one.Obstacle!)),
    ];

    /// <summary>The users whose processes are called kamailio.</summary>
    private static HashSet<uint> Running()
    {
        var users = new HashSet<uint>();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(static folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(folder, "comm")).TrimEnd() == "kamailio" && FileStatus.Of(folder) is { } status)
                {
                    users.Add(status.User);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It has ended, or is hidden.
            }
        }

        return users;
    }
}

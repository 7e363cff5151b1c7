using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Doctor.Snippet;

/// <summary>Who has to be able to read what Kamailio reads, and to make what it makes.</summary>
public static class KamailioReaders
{
    private const string Program = "kamailio";

    /// <summary>Whether there is such a user, by name or number.</summary>
    public static bool Exists(string user) => Account.Find(user) is not null;

    /// <summary>Those who cannot read a file, each with what keeps it from doing so.</summary>
    /// <param name="file">The file.</param>
    /// <param name="user">The one that Kamailio runs as; null for whoever runs a Kamailio here now.</param>
    public static IReadOnlyList<(string User, string Obstacle)> WhoCannotRead(string file, string? user) =>
        WhoCannotRead(file, user is null ? Accounts(ProcessState.Running(Program)) : [Account.Find(user)!]);

    /// <summary>As whom Kamailio starts, which it reads its files as and makes its sockets as: one that is root at first and becomes another user (<c>-u</c>) may do all that.</summary>
    internal static IReadOnlyList<Account> Starters(string? user) =>
        user is null ? Accounts(ProcessState.Running(Program).Where(static pid => !ProcessState.Arguments(pid).Any(static argument => argument.StartsWith("-u", StringComparison.Ordinal)))) : [Account.Find(user)!];

    internal static IReadOnlyList<(string User, string Obstacle)> WhoCannotRead(string file, IReadOnlyList<Account> accounts) => Those(accounts, account => account.Obstacle(file));

    /// <summary>The same for making something in a directory that is there.</summary>
    internal static IReadOnlyList<(string User, string Obstacle)> WhoCannotWrite(string directory, IReadOnlyList<Account> accounts) =>
        FileStatus.Of(directory) is null ? [] : Those(accounts, account => account.ObstacleToMaking(directory));

    /// <summary>The same for making a user the owner of their files, which is root's to do.</summary>
    internal static IReadOnlyList<string> WhoCannotGiveTo(string owner, IReadOnlyList<Account> accounts) =>
        Account.Find(owner) is { } wanted ? [.. accounts.Where(account => account.User != 0 && account.User != wanted.User).Select(static account => account.Name)] : [];

    private static List<(string User, string Obstacle)> Those(IReadOnlyList<Account> accounts, Func<Account, string?> obstacle) =>
    [
        .. accounts.Select(account => (account.Name, Obstacle: obstacle(account)))
            .Where(static one => one.Obstacle is not null)
            .Select(static one => (one.Name, one.Obstacle!)),
    ];

    /// <summary>The users of processes.</summary>
    private static List<Account> Accounts(IEnumerable<int> processes) =>
        [.. processes.Select(static pid => FileStatus.Of(FormattableString.Invariant($"/proc/{pid}"))?.User).OfType<uint>().Distinct().Select(Account.Of)];
}

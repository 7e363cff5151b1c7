using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Fleets;

/// <summary>Users and roles of a real etcd, made as the README says.</summary>
internal static class EtcdUsers
{
    /// <summary>What an announcer of a set needs.</summary>
    public static string[] AnnouncerPermissions(string cluster, int set) =>
    [
        $"readwrite --prefix=true /kamrpc/{cluster}/members/{set}/", $"read --prefix=true /kamrpc/{cluster}/proxies/",
        $"read --prefix=true /kamrpc/{cluster}/intents/{set}/", $"readwrite --prefix=true /kamrpc/{cluster}/calls/{set}/",
    ];

    /// <summary>What a dispatcher needs.</summary>
    public static string[] DispatcherPermissions(string cluster, string proxy) =>
    [
        $"read --prefix=true /kamrpc/{cluster}/members/", $"read --prefix=true /kamrpc/{cluster}/intents/", $"read --prefix=true /kamrpc/{cluster}/splits/",
        $"readwrite --prefix=true /kamrpc/{cluster}/classes/", $"read --prefix=true /kamrpc/{cluster}/waits/", $"readwrite /kamrpc/{cluster}/proxies/{proxy}",
    ];

    /// <summary>What <c>kamrpc status</c> needs.</summary>
    public static string[] StatusPermissions(string cluster) =>
    [
        $"read --prefix=true /kamrpc/{cluster}/members/", $"read --prefix=true /kamrpc/{cluster}/proxies/", $"read --prefix=true /kamrpc/{cluster}/intents/",
        $"read --prefix=true /kamrpc/{cluster}/calls/",
    ];

    /// <summary>What <c>kamrpc drain</c>, <c>resume</c>, <c>weight</c>, <c>split</c>, <c>rollout</c> and <c>history</c> need.</summary>
    public static string[] OperatorPermissions(string cluster) =>
    [
        $"read --prefix=true /kamrpc/{cluster}/members/", $"read --prefix=true /kamrpc/{cluster}/proxies/", $"readwrite --prefix=true /kamrpc/{cluster}/intents/",
        $"read --prefix=true /kamrpc/{cluster}/calls/", $"readwrite --prefix=true /kamrpc/{cluster}/history/",
        $"readwrite --prefix=true /kamrpc/{cluster}/splits/", $"readwrite --prefix=true /kamrpc/{cluster}/rollouts/", $"readwrite --prefix=true /kamrpc/{cluster}/waits/",
    ];

    /// <summary>Writes a password as an editor does, for its owner's eyes only.</summary>
    public static async Task<string> WritePasswordAsync(TemporaryFolder folder, string password)
    {
        var file = folder.File("password");
        await File.WriteAllTextAsync(file, password + "\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    /// <summary>Makes the user root, and switches authentication on.</summary>
    public static async Task EnableAsync(EtcdServer etcd)
    {
        await etcd.AdministerAsync("user", "add", "root:secret");
        await etcd.AdministerAsync("user", "grant-role", "root", "root");
        await etcd.AdministerAsync("auth", "enable");
        etcd.Login = "root:secret";
    }

    /// <summary>Makes a user, and a role of the same name with the permissions.</summary>
    public static async Task AddAsync(EtcdServer etcd, string user, string password, params string[] permissions)
    {
        await etcd.AdministerAsync("role", "add", user);
        foreach (var permission in permissions)
        {
            await etcd.AdministerAsync(["role", "grant-permission", user, .. permission.Split(' ')]);
        }

        await etcd.AdministerAsync("user", "add", $"{user}:{password}");
        await etcd.AdministerAsync("user", "grant-role", user, user);
    }
}

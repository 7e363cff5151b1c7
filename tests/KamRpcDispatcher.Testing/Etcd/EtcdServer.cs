using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// A real etcd on free ports of 127.0.0.1, one node unless it is part of an <see cref="EtcdCluster"/>, its data in a temporary folder. It is read and written with etcdctl,
/// which knows nothing of the client library that the product uses.
/// </summary>
public sealed class EtcdServer : IAsyncDisposable
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan RenewalTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(10);

    private readonly TemporaryFolder _folder = new();
    private readonly EtcdOptionSet _options;
    private ServerProcess? _process;

    internal EtcdServer(EtcdOptionSet options)
    {
        _options = options;
        Endpoint = $"{(options.Certificates is null ? "http" : "https")}://127.0.0.1:{RealServers.FreePort()}";
    }

    public string Endpoint { get; }

    /// <summary>As whom etcdctl comes, <c>user:password</c>; null for nobody.</summary>
    public string? Login { get; set; }

    public string Output => _process?.Output ?? "";

    public static Task<EtcdServer> StartAsync(EtcdOptionSet? options = null) =>
        ServerLife.StartOrDisposeAsync(new EtcdServer(options ?? new EtcdOptionSet()), static server => server.StartAgainAsync());

    /// <summary>Starts it where it was, with the data that it had. One that still runs is killed first.</summary>
    public async Task StartAgainAsync()
    {
        await ServerLife.EndAsync(_process).ConfigureAwait(false);
        _process = ServerProcess.Start("etcd",
        [
            "--name", _options.Name, "--data-dir", _folder.File("data"), "--logger", "zap",
            "--listen-client-urls", Endpoint, "--advertise-client-urls", Endpoint,
            "--listen-peer-urls", _options.PeerAddress, "--initial-advertise-peer-urls", _options.PeerAddress,
            "--initial-cluster", _options.InitialCluster ?? $"{_options.Name}={_options.PeerAddress}", .. SecurityArguments(),
            .. _options.ExtraArguments,
        ], _folder.File("etcd.log"));
        await _process.WaitForLineAsync(_options.Certificates is null ? "serving client traffic insecurely" : "serving client traffic securely", StartTime).ConfigureAwait(false);
    }

    /// <summary>Writes a backup of what it holds now.</summary>
    public Task SaveAsync(string file) => RunToolAsync("", "snapshot", "save", file);

    /// <summary>Starts it where it was, with what a backup holds, as an operator does after a loss.</summary>
    public async Task RestoreAsync(string file)
    {
        await ServerLife.EndAsync(_process).ConfigureAwait(false);
        Directory.Delete(_folder.File("data"), recursive: true);

        // From 3.6 on etcdctl does not do it any more.
        var tool = RealServers.IsInstalled("etcdutl") ? "etcdutl" : "etcdctl";
        await Tool.RunAsync(
            tool,
            [
                "snapshot", "restore", file, "--name", _options.Name, "--data-dir", _folder.File("data"), "--initial-advertise-peer-urls", _options.PeerAddress,
                "--initial-cluster", _options.InitialCluster ?? $"{_options.Name}={_options.PeerAddress}",
            ],
            "",
            ("ETCDCTL_API", "3")).ConfigureAwait(false);
        await StartAgainAsync().ConfigureAwait(false);
    }

    public Task StopAsync() => _process?.StopAsync(StopTime) ?? Task.CompletedTask;

    public void Kill() => _process?.Kill();

    /// <summary>It holds its connections and answers nothing, like a machine that hangs.</summary>
    public void Pause() => _process?.Pause();

    public void Resume() => _process?.Resume();

    /// <summary>Forgets what was before the revision: watches from there are refused.</summary>
    public Task CompactAsync(long revision) => ControlAsync("", "compaction", $"{revision}", "--physical");

    /// <param name="key">The key.</param>
    /// <param name="value">Of up to 1.5 MiB.</param>
    /// <param name="leaseSeconds">A lease of its own, which nobody keeps alive.</param>
    /// <returns>The revision of the change.</returns>
    public async Task<long> PutAsync(string key, string value, int? leaseSeconds = null)
    {
        string[] lease = leaseSeconds is { } seconds ? [$"--lease={await GrantAsync(seconds).ConfigureAwait(false):x}"] : [];

        // By standard input, since an argument may have 128 KiB; an empty one etcdctl would not take that way.
        string[] pair = value.Length == 0 ? [key, ""] : [key];
        return Revision(await ControlAsync(value, ["put", .. lease, "--", .. pair]).ConfigureAwait(false));
    }

    /// <returns>The revision after it.</returns>
    public async Task<long> DeleteAsync(string key) => Revision(await ControlAsync("", "del", "--", key).ConfigureAwait(false));

    /// <summary>Ends a lease, and with it the keys under it.</summary>
    /// <param name="lease">In hexadecimal, as etcdctl shows it.</param>
    public Task RevokeAsync(string lease) => ControlAsync("", "lease", "revoke", lease);

    /// <returns>The value; null when there is no such key.</returns>
    public async Task<string?> GetAsync(string key) =>
        Pairs(await ControlAsync("", "get", "--", key).ConfigureAwait(false), "value").FirstOrDefault();

    public async Task<IReadOnlyList<string>> KeysAsync(string prefix) =>
        [.. Pairs(await ControlAsync("", "get", "--prefix", "--keys-only", "--", prefix).ConfigureAwait(false), "key")];

    public async Task<IReadOnlyList<string>> ValuesAsync(string prefix) =>
        [.. Pairs(await ControlAsync("", "get", "--prefix", "--", prefix).ConfigureAwait(false), "value")];

    public async Task<long> RevisionAsync() => Revision(await ControlAsync("", "get", "--", "any").ConfigureAwait(false));

    /// <summary>The revision with which the key was last created; 0 when there is none. It stays the same as long as the key is never deleted.</summary>
    public async Task<long> CreateRevisionAsync(string key)
    {
        var found = await ControlAsync("", "get", "--", key).ConfigureAwait(false);
        return found.TryGetProperty("kvs", out var pairs) ? pairs[0].GetProperty("create_revision").GetInt64() : 0;
    }

    /// <summary>The key's lease, in hexadecimal; null when there is no such key.</summary>
    public async Task<string?> LeaseAsync(string key)
    {
        var found = await ControlAsync("", "get", "--", key).ConfigureAwait(false);
        return found.TryGetProperty("kvs", out var pairs) ? $"{pairs[0].GetProperty("lease").GetInt64():x}" : null;
    }

    /// <summary>The seconds that the key's lease has left.</summary>
    public async Task<long> RemainingAsync(string key)
    {
        var lease = await LeaseAsync(key).ConfigureAwait(false) ?? throw new InvalidOperationException($"{key} is not there.");
        return (await ControlAsync("", "lease", "timetolive", lease).ConfigureAwait(false)).GetProperty("ttl").GetInt64();
    }

    /// <summary>Waits until the key's lease has more time left than a moment before.</summary>
    public async Task WaitForRenewalAsync(string key)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var (before, now) = (long.MaxValue, 0L); now <= before; (before, now) = (now, await RemainingAsync(key).ConfigureAwait(false)))
        {
            if (Stopwatch.GetElapsedTime(begun) > RenewalTime)
            {
                throw new TimeoutException($"The lease of {key} is not renewed; it has {now} s left.");
            }
        }
    }

    public async Task<bool> IsLeaderAsync()
    {
        var status = (await ControlAsync("", "endpoint", "status").ConfigureAwait(false))[0].GetProperty("Status");
        return status.TryGetProperty("leader", out var leader) && leader.GetUInt64() == status.GetProperty("header").GetProperty("member_id").GetUInt64();
    }

    /// <summary>Anything else that etcdctl can do, such as <c>role add NAME</c>.</summary>
    public Task AdministerAsync(params string[] arguments) => RunToolAsync("", arguments);

    /// <summary>The same, with standard input.</summary>
    public Task PassAsync(string input, params string[] arguments) => RunToolAsync(input, arguments);

    public async ValueTask DisposeAsync()
    {
        await ServerLife.EndAsync(_process).ConfigureAwait(false);
        _folder.Dispose();
    }

    private async Task<long> GrantAsync(int seconds) =>
        (await ControlAsync("", "lease", "grant", $"{seconds}").ConfigureAwait(false)).GetProperty("ID").GetInt64();

    private async Task<JsonElement> ControlAsync(string input, params string[] arguments)
    {
        var answer = await RunToolAsync(input, ["--write-out", "json", .. arguments]).ConfigureAwait(false);
        return arguments[0] == "compaction" ? default : JsonElement.Parse(answer);
    }

    private Task<string> RunToolAsync(string input, params string[] arguments)
    {
        List<(string, string)> environment = [("ETCDCTL_API", "3")];
        if (_options.Certificates is { } certificates)
        {
            environment.AddRange([("ETCDCTL_CACERT", certificates.AuthorityFile), ("ETCDCTL_CERT", certificates.Root.CertificateFile), ("ETCDCTL_KEY", certificates.Root.KeyFile)]);
        }

        if (Login is { } login)
        {
            environment.Add(("ETCDCTL_USER", login));
        }

        return Tool.RunAsync("etcdctl", ["--endpoints", Endpoint, .. arguments], input, [.. environment]);
    }

    private IEnumerable<string> SecurityArguments() => _options.Certificates is not { } certificates ? [] :
    [
        "--cert-file", certificates.Server.CertificateFile, "--key-file", certificates.Server.KeyFile,
        .. _options.RequiresClientCertificate ? new[] { "--client-cert-auth", "--trusted-ca-file", certificates.AuthorityFile } : [],
    ];

    private static long Revision(JsonElement answer) => answer.GetProperty("header").GetProperty("revision").GetInt64();

    private static IEnumerable<string> Pairs(JsonElement answer, string part) =>
        answer.TryGetProperty("kvs", out var pairs)
            ? pairs.EnumerateArray().Select(pair => Encoding.UTF8.GetString(pair.TryGetProperty(part, out var text) ? text.GetBytesFromBase64() : []))
            : [];
}

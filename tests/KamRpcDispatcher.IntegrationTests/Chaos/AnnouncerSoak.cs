using System.Collections.Concurrent;
using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>
/// One announcer with hundreds of members, half of them names, before an etcd with TLS behind a relay. What etcd says of each is read all the
/// time, past the relay, and held against which servers live.
/// </summary>
internal sealed class AnnouncerSoak : IAsyncDisposable
{
    public const int Members = 500;

    /// <summary>From the death of a server to its third bad look (--fall): an interval, and a timeout for each.</summary>
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(5);

    /// <summary>For a connection anew, and for a machine that does much else.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(6);

    private static readonly TimeSpan ReadInterval = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _life = new();
    private readonly ConcurrentDictionary<string, (bool IsLive, long Since)> _changed = new(StringComparer.Ordinal);
    private readonly EtcdConnection _store;
    private readonly string _trusted;
    private Task _watching = Task.CompletedTask;
    private volatile int _readings;
    private long _usableSince = Stopwatch.GetTimestamp();

    private AnnouncerSoak(TestCertificates certificates, EtcdServer etcd, DnsServer dns)
    {
        Certificates = certificates;
        Etcd = etcd;
        Dns = dns;
        Relay = new TcpRelay(etcd.Endpoint);
        Sip.IsDead = line => _changed.TryGetValue(Host(line), out var state) && !state.IsLive;
        _trusted = Folder.File("ca.pem");
        File.Copy(certificates.AuthorityFile, _trusted);
        for (var index = 0; index < Members; index += 2)
        {
            dns.Set($"host{index}.test", Address(index));
        }

        _store = new EtcdConnection(new EtcdOptions(Fleet.Endpoints(etcd)) { CertificateAuthorityFile = certificates.AuthorityFile }, TimeProvider.System);
    }

    public TestCertificates Certificates { get; }

    public EtcdServer Etcd { get; }

    public DnsServer Dns { get; }

    public TcpRelay Relay { get; }

    public SipResponder Sip { get; } = SipResponder.AtEveryAddress();

    public TemporaryFolder Folder { get; } = new();

    /// <summary>The authorities that the announcer trusts.</summary>
    public string TrustedFile => _trusted;

    public ServerProcess Announcer { get; private set; } = null!;

    /// <summary>How often etcd was read.</summary>
    public int Readings => _readings;

    public static async Task<AnnouncerSoak> StartAsync()
    {
        var certificates = new TestCertificates();
        var etcd = await EtcdServer.StartAsync(new EtcdOptionSet { Certificates = certificates });
        var soak = new AnnouncerSoak(certificates, etcd, DnsServer.Start());
        return await ServerLife.StartOrDisposeAsync(soak, static started => started.AnnounceAsync());
    }

    /// <summary>The announcer's memory in bytes, and how many descriptors it has open.</summary>
    public (long Memory, int Descriptors) Use()
    {
        using var process = Process.GetProcessById(Announcer.Pid);
        return (process.WorkingSet64, Directory.GetFiles($"/proc/{Announcer.Pid}/fd").Length);
    }

    public void SetLive(int index, bool isLive) => _changed[HostOf(index)] = (isLive, Stopwatch.GetTimestamp());

    /// <summary>While etcd cannot be reached nothing can be promised but that who lives stays.</summary>
    public void SetUsable(bool isUsable) => Interlocked.Exchange(ref _usableSince, isUsable ? Stopwatch.GetTimestamp() : long.MaxValue);

    /// <summary>Waits until etcd says of all what is so; throws what was wrong meanwhile.</summary>
    public async Task SettleAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            ThrowIfWrong();
            if (await TryReadAsync() is { } ready && Enumerable.Range(0, Members).All(index => ready.Contains(index) == IsLive(index)))
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(begun) > Promise + Slack + Slack)
            {
                throw new TimeoutException($"etcd does not say what is so\n{Announcer.Output}");
            }

            await Task.Delay(ReadInterval);
        }
    }

    public void ThrowIfWrong()
    {
        if (_watching.IsFaulted)
        {
            _watching.GetAwaiter().GetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (Announcer?.DisposeAsync() ?? default);
        _store.Dispose();
        await Relay.DisposeAsync();
        await Sip.DisposeAsync();
        Dns.Dispose();
        await Etcd.DisposeAsync();
        Certificates.Dispose();
        Folder.Dispose();
        _life.Dispose();
    }

    private async Task AnnounceAsync()
    {
        var uris = Enumerable.Range(0, Members).SelectMany(index => (string[])["--uri", $"m{index}=sip:{HostOf(index)}:{Sip.Port}"]);
        var (program, arguments) = PrivateResolver.Around(
            Dns.ResolverFile,
            null,
            KamrpcProgram.File,
            [
                .. KamrpcProgram.Prefix, "announce", "--etcd", Relay.Endpoint, "--etcd-ca", _trusted, "--ttl", "10s",
                "--interval", "2s", "--fall", "3", "--log-level", "warning", .. uris,
            ]);
        Announcer = ServerProcess.Start(program, arguments);
        await SettleAsync();
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>Reads, and judges, all the time.</summary>
    private async Task WatchAsync()
    {
        while (!_life.IsCancellationRequested)
        {
            if (await TryReadAsync() is { } ready)
            {
                Interlocked.Increment(ref _readings);
                if (Enumerable.Range(0, Members).Select(index => Wrong(index, ready.Contains(index))).OfType<string>().ToList() is { Count: > 0 } wrong)
                {
                    throw new InvalidOperationException($"{string.Join('\n', wrong.Take(5))}\n{wrong.Count} in all\n{Announcer.Output}");
                }
            }

            await Task.Delay(ReadInterval);
        }
    }

    /// <summary>Who lived all the time has to be ready all the time; who died or came back, when its time is up.</summary>
    private string? Wrong(int index, bool isReady)
    {
        var hasChanged = _changed.TryGetValue(HostOf(index), out var state);
        if (isReady == (!hasChanged || state.IsLive))
        {
            return null;
        }

        if (!hasChanged)
        {
            return $"{HostOf(index)} lives, and is out";
        }

        var since = Math.Max(state.Since, Interlocked.Read(ref _usableSince));
        return since < Stopwatch.GetTimestamp() && Stopwatch.GetElapsedTime(since) > Promise + Slack
            ? $"{HostOf(index)} is {(state.IsLive ? "alive" : "dead")} for {Stopwatch.GetElapsedTime(state.Since)}, and etcd does not say so"
            : null;
    }

    /// <summary>The members that are ready; null when etcd cannot be read.</summary>
    private async Task<HashSet<int>?> TryReadAsync()
    {
        const string Prefix = "/kamrpc/default/members/1/m";
        var begun = TimeProvider.System.GetTimestamp();
        try
        {
            var range = new RangeRequest { Key = ByteString.CopyFromUtf8(Prefix), RangeEnd = ByteString.CopyFromUtf8(Prefix[..^1] + "n") };
            var found = await _store.Keys.RangeAsync(range, EtcdCall.Options(CancellationToken.None));
            _store.Succeeded(begun);
            return [.. found.Kvs.Where(static pair => !pair.Value.ToStringUtf8().Contains("\"state\"", StringComparison.Ordinal)).Select(static pair => int.Parse(pair.Key.ToStringUtf8()[Prefix.Length..], System.Globalization.CultureInfo.InvariantCulture))];
        }
        catch (Exception exception) when (EtcdFailure.IsOutage(exception, CancellationToken.None))
        {
            _store.Failed(exception, begun);
            return null;
        }
    }

    private bool IsLive(int index) => !_changed.TryGetValue(HostOf(index), out var state) || state.IsLive;

    private static string HostOf(int index) => index % 2 == 0 ? $"host{index}.test" : Address(index);

    private static string Address(int index) => $"127.40.{index / 250}.{(index % 250) + 1}";

    /// <summary>Of "OPTIONS sip:host:port SIP/2.0".</summary>
    private static string Host(string line) => line.Split(':') is [_, var host, ..] ? host : string.Empty;
}

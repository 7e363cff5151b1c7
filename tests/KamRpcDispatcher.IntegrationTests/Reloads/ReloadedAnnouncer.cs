using System.Globalization;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Reloads;

/// <summary>An announcer whose program can be replaced while it runs, its systemd, and what etcd says of its members meanwhile.</summary>
internal sealed class ReloadedAnnouncer : IAsyncDisposable
{
    private const string Members = "/kamrpc/default/members/";

    private readonly TemporaryFolder _folder = new();
    private readonly EtcdServer _etcd;
    private readonly List<string> _events = [];
    private ServerProcess? _watch;

    private ReloadedAnnouncer(EtcdServer etcd) => _etcd = etcd;

    /// <summary>The program itself, which a script may start.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "kamrpc");

    public ServiceManager Systemd { get; } = new();

    public ServerProcess Process { get; private set; } = null!;

    /// <summary>The path by which it was started.</summary>
    public string Place => _folder.File("kamrpc");

    /// <summary>What happened to members since the last call.</summary>
    public IReadOnlyList<string> TakeEvents()
    {
        lock (_events)
        {
            string[] taken = [.. _events];
            _events.Clear();
            return taken;
        }
    }

    /// <summary>Starts it, and waits until it is ready.</summary>
    public static async Task<ReloadedAnnouncer> StartAsync(EtcdServer etcd, params string[] options)
    {
        var announcer = new ReloadedAnnouncer(etcd);
        announcer._watch = ServerProcess.Start("etcdctl", ["--endpoints", etcd.Endpoint, "watch", "--prefix", Members], onLine: announcer.Note);
        File.CreateSymbolicLink(announcer.Place, Program);
        announcer.Start(options);
        await announcer.Systemd.ToldAsync("READY=1");
        return announcer;
    }

    /// <summary>Starts what stands at its place.</summary>
    public void Start(params string[] options) =>
        Process = ServerProcess.Start("env", [.. Systemd.Environment, Place, "announce", "--etcd", _etcd.Endpoint, "--name", "a", "--uri", "sip:10.0.0.1", .. options]);

    /// <summary>Puts another program at its place, all at once.</summary>
    /// <param name="script">A shell's; null for the program itself.</param>
    public void Put(string? script)
    {
        var next = _folder.File("next");
        if (script is null)
        {
            File.CreateSymbolicLink(next, Program);
        }
        else
        {
            File.WriteAllText(next, "#!/bin/bash\n" + script);
            File.SetUnixFileMode(next, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        File.Move(next, Place, overwrite: true);
    }

    public void Remove() => File.Delete(Place);

    /// <summary>Has it reloaded, and waits until it is ready.</summary>
    /// <returns>What systemd was told meanwhile.</returns>
    public async Task<IReadOnlyList<string>> ReloadAsync()
    {
        Systemd.Forget();
        Process.Signal(UnixSignals.User2);
        return [.. await Systemd.ToldAsync("RELOADING=1"), .. await Systemd.ToldAsync("READY=1")];
    }

    /// <summary>How long the lease was not renewed at each reload, in milliseconds.</summary>
    public IReadOnlyList<int> Gaps() =>
        [.. Process.Output.Split('\n').Where(static line => line.Contains("Goes on with", StringComparison.Ordinal)).Select(static line => int.Parse(line.Split("renewed ")[1].Split(' ')[0], CultureInfo.InvariantCulture))];

    /// <summary>Waits until something has happened to members that contains each of the texts.</summary>
    public async Task WaitForEventsAsync(params string[] texts)
    {
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        while (true)
        {
            lock (_events)
            {
                if (texts.All(text => _events.Exists(seen => seen.Contains(text, StringComparison.Ordinal))))
                {
                    return;
                }
            }

            Assert.That(deadline.IsCancellationRequested, Is.False, () => string.Join('\n', TakeEvents()) + "\n" + Process.Output);
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (Process?.DisposeAsync() ?? default);
        await (_watch?.DisposeAsync() ?? default);
        Systemd.Dispose();
        _folder.Dispose();
    }

    /// <summary>etcdctl has a line each for PUT or DELETE, the key and the value.</summary>
    private void Note(string line)
    {
        lock (_events)
        {
            if (line is "PUT" or "DELETE")
            {
                _events.Add(line);
            }
            else if (_events.Count > 0)
            {
                _events[^1] = $"{_events[^1]} {line}";
            }
        }
    }
}

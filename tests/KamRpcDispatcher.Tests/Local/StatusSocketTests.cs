using System.Net.Sockets;
using System.Text;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Local;

/// <summary>A dispatcher's own socket, over real ones.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class StatusSocketTests : IAsyncDisposable
{
    private const int Answers = 3075;
    private const int NotAnswered = 3076;
    private const UnixFileMode ForAll = (UnixFileMode)0b110_110_110;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly LogCapture<StatusSocket> _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    private string Directory => _folder.File("r");

    private string SocketPath => Path.Combine(Directory, StatusPlace.NameOf("c", "p1"));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var running in _running)
        {
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _stop.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task Whoever_connects_gets_one_line_and_every_user_may_ask()
    {
        Start("p1", "one");
        await _log.WaitForAsync(Answers);

        Assert.That(await AskAsync(SocketPath), Is.EqualTo("one\n"));
        Assert.That(await AskAsync(SocketPath), Is.EqualTo("one\n"));
        Assert.That(File.GetUnixFileMode(SocketPath), Is.EqualTo(ForAll));
        Assert.That(File.GetUnixFileMode(Directory), Is.EqualTo((UnixFileMode)0b111_001_001), "others pass through to it, and see nothing else");
    }

    [Test]
    public async Task Two_proxies_of_one_user_have_one_each()
    {
        Start("p1", "one");
        Start("p2", "two");
        await _log.WaitForAsync(Answers, 2);

        Assert.That((await AskAsync(SocketPath), await AskAsync(Path.Combine(Directory, StatusPlace.NameOf("c", "p2")))), Is.EqualTo(("one\n", "two\n")));
        Assert.That(new[] { ("c", "p1"), ("c", "p2"), ("d", "p1") }.Select(static one => StatusPlace.NameOf(one.Item1, one.Item2)), Is.Unique.And.All.Length.LessThanOrEqualTo(29), "no longer than the name of a socket for replies");
    }

    [Test]
    public async Task What_a_killed_daemon_has_left_is_replaced()
    {
        Left(SocketPath);
        Start("p1", "one");
        await _log.WaitForAsync(Answers);

        Assert.That(await AskAsync(SocketPath), Is.EqualTo("one\n"));
    }

    [Test]
    public async Task One_that_lives_is_left_alone_and_that_is_told_until_it_ends()
    {
        using var living = Listening(SocketPath);
        Start("p1", "one");
        await _log.WaitForAsync(NotAnswered);
        Assert.That(_log.Of(NotAnswered).Single(), Does.Contain($"another daemon answers at {SocketPath}"));

        living.Dispose();
        File.Delete(SocketPath);
        await UntilAsync(() => _log.Of(Answers).Count == 1);
        Assert.That((await AskAsync(SocketPath), _log.Of(NotAnswered).Count), Is.EqualTo(("one\n", 1)));
    }

    [Test]
    public async Task What_is_no_socket_stays_as_it_is_and_a_link_is_not_followed()
    {
        System.IO.Directory.CreateDirectory(Directory);
        await File.WriteAllTextAsync(_folder.File("precious"), "mine");
        File.CreateSymbolicLink(SocketPath, _folder.File("precious"));
        Start("p1", "one");
        await _log.WaitForAsync(NotAnswered);

        Assert.That(_log.Of(NotAnswered).Single(), Does.Contain("is something else than a socket"));
        Assert.That((await File.ReadAllTextAsync(_folder.File("precious")), new FileInfo(SocketPath).LinkTarget), Is.EqualTo(("mine", _folder.File("precious"))));
    }

    [Test]
    public async Task When_its_directory_is_wiped_it_is_made_anew_and_it_goes_with_the_daemon()
    {
        Start("p1", "one");
        await _log.WaitForAsync(Answers);
        System.IO.Directory.Delete(Directory, recursive: true);

        await UntilAsync(() => _log.Of(Answers).Count == 2);
        Assert.That(await AskAsync(SocketPath), Is.EqualTo("one\n"));

        await _stop.CancelAsync();
        await _running[0].ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.That(File.Exists(SocketPath), Is.False);
    }

    [Test]
    public async Task Where_the_first_directory_cannot_be_used_the_next_one_is()
    {
        await File.WriteAllTextAsync(_folder.File("file"), string.Empty);
        Start("p1", "one", _folder.File("file/r"), Directory);
        await _log.WaitForAsync(Answers);

        Assert.That(await AskAsync(SocketPath), Is.EqualTo("one\n"));
        Assert.That(_log.Of(NotAnswered), Is.Empty);
    }

    [Test]
    public async Task Who_connects_and_does_not_read_keeps_nobody_waiting()
    {
        Start("p1", new string('x', 16_000));
        await _log.WaitForAsync(Answers);
        using var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await silent.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));

        Assert.That(await AskAsync(SocketPath), Has.Length.EqualTo(16_001));
    }

    /// <summary>A socket that nobody listens on any more: .NET would take its file away.</summary>
    internal static void Left(string path)
    {
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var other = path + "2";
        using (Listening(path))
        {
            File.Move(path, other);
        }

        File.Move(other, path);
    }

    internal static Socket Listening(string path)
    {
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen();
        return socket;
    }

    private static async Task<string> AskAsync(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        using var reader = new StreamReader(new NetworkStream(socket, ownsSocket: false));
        return await reader.ReadToEndAsync().WaitAsync(Deadline);
    }

    private void Start(string proxy, string answer, params string[] directories) => _running.Add(new StatusSocket(
        directories.Length == 0 ? [Directory] : directories, StatusPlace.NameOf("c", proxy), () => Encoding.UTF8.GetBytes(answer + "\n"), _clock, _log).RunAsync(_stop.Token));

    private async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!condition())
        {
            _clock.Advance(StatusSocket.CheckInterval);
            await Task.Delay(5, deadline.Token);
        }
    }
}

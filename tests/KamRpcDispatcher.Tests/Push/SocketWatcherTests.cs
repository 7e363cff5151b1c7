using KamRpcDispatcher.Push;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SocketWatcherTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly string _above = Directory.CreateTempSubdirectory("kamrpc-test-").FullName;
    private readonly string _directory;
    private readonly string _socket;
    private readonly SemaphoreSlim _created = new(0);
    private readonly List<Exception> _faults = [];
    private readonly SocketWatcher _watcher;

    public SocketWatcherTests()
    {
        _directory = Directory.CreateDirectory(Path.Combine(_above, "kamailio")).FullName;
        _socket = Path.Combine(_directory, "kamailio_rpc.sock");
        _watcher = new SocketWatcher(_socket, () => _created.Release(), _faults.Add);
    }

    public void Dispose()
    {
        _watcher.Dispose();
        _created.Dispose();
        Directory.Delete(_above, recursive: true);
        Assert.That(_faults, Is.Empty);
    }

    [Test]
    public async Task That_it_is_made_and_made_anew_is_told()
    {
        await MakeAsync();

        File.Delete(_socket);
        await MakeAsync();
    }

    /// <summary>As systemd does with the directory of a unit that is restarted: nobody has looked in between.</summary>
    [Test]
    public async Task It_is_told_in_a_directory_that_was_made_anew_at_once_too([Values(1, 2)] int restarts)
    {
        for (var restart = 0; restart < restarts; restart++)
        {
            Renew();
            await MakeAsync();
        }
    }

    [Test]
    public async Task It_is_told_though_the_directory_was_away_for_long_and_has_it_when_it_comes_back()
    {
        Directory.Delete(_directory);
        _watcher.Ensure();

        Directory.CreateDirectory(_directory);
        File.WriteAllText(_socket, string.Empty);
        Assert.That(await _created.WaitAsync(Deadline));
    }

    /// <summary>Where the directory above cannot be watched, each cycle looks.</summary>
    [Test]
    public async Task A_directory_that_was_moved_there_is_found_by_the_next_cycle()
    {
        var other = Directory.CreateDirectory(Path.Combine(_above, "other")).FullName;
        using var watcher = new SocketWatcher(Path.Combine(_above, "link", "kamailio_rpc.sock"), () => _created.Release(), _faults.Add);
        Directory.CreateSymbolicLink(Path.Combine(_above, "link"), _directory);
        watcher.Ensure();
        Directory.Delete(Path.Combine(_above, "link"));
        Directory.CreateSymbolicLink(Path.Combine(_above, "link"), other);
        watcher.Ensure();

        File.WriteAllText(Path.Combine(other, "kamailio_rpc.sock"), string.Empty);
        Assert.That(await _created.WaitAsync(Deadline));
    }

    private void Renew()
    {
        Directory.Delete(_directory, recursive: true);
        Directory.CreateDirectory(_directory);
    }

    private async Task MakeAsync()
    {
        await File.WriteAllTextAsync(_socket, string.Empty);
        Assert.That(await _created.WaitAsync(Deadline), "it is told");

        // It may be told twice, as what was found and as what has come.
        while (await _created.WaitAsync(TimeSpan.Zero))
        {
        }
    }
}

using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Files;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Files;

/// <summary>A file of members on a real file system.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class FileSourceTests : IAsyncDisposable
{
    private const int Taken = 1080;
    private const int NotTaken = 1081;
    private const int TakenAgain = 1083;
    private const int OpenToOthers = 1085;
    private const int Emptied = 1086;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly LogCapture<FileSource> _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _changed = new(0);
    private readonly FileSource _source;
    private Task _running = Task.CompletedTask;

    public FileSourceTests() => _source = new FileSource(Path, TimeProvider.System, _log);

    private string Path => _folder.File("members.json");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _changed.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task A_file_that_is_there_is_read_at_the_start_and_again_when_it_is_written()
    {
        File.WriteAllText(Path, Text("a"));
        Start();
        await UntilAsync("a");
        File.WriteAllText(Path, Text("a", "b"));
        await UntilAsync("a", "b");

        Assert.That(_source.Away, Is.Null);
        Assert.That(_log.Of(NotTaken), Is.Empty);
    }

    [Test]
    public async Task One_that_another_is_renamed_onto_is_read_again()
    {
        File.WriteAllText(Path, Text("a"));
        Start();
        await UntilAsync("a");
        File.WriteAllText(_folder.File("new"), Text("b"));
        File.Move(_folder.File("new"), Path, overwrite: true);

        await UntilAsync("b");
    }

    [Test]
    public async Task One_that_comes_with_its_directory_later_is_read_then()
    {
        var path = _folder.File("later/deep/members.json");
        var source = new FileSource(path, TimeProvider.System, _log);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var running = source.RunAsync(() => _changed.Release(), stop.Token);
        await _log.WaitForAsync(NotTaken);
        Assert.That(source.Away!.Reason, Does.StartWith($"there is no {path}"));
        Directory.CreateDirectory(_folder.File("later/deep"));
        File.WriteAllText(path, Text("a"));
        Assert.That(await _changed.WaitAsync(Deadline), Is.True);
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        Assert.That(source.Current!.Members, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_gap_of_a_moment_is_no_absence_and_a_longer_one_changes_nobody()
    {
        File.WriteAllText(Path, Text("a", "b"));
        Start();
        await UntilAsync("a", "b");
        File.Delete(Path);
        await _log.WaitForAsync(NotTaken);

        Assert.That(_source.Away!.Store, Is.EqualTo($"file:{Path}"));
        Assert.That(_source.Current!.Members, Has.Count.EqualTo(2));
        Assert.That(_source.Current.Expired, Is.Empty);
    }

    [Test]
    public async Task What_is_no_file_is_told_and_waited_for()
    {
        Directory.CreateDirectory(Path);
        Start();
        await _log.WaitForAsync(NotTaken);
        Assert.That(_log.Of(NotTaken).Single(), Does.Contain("is no regular file (a FIFO, a device or a directory)"));
        Directory.Delete(Path);
        File.WriteAllText(Path, Text("a"));

        await UntilAsync("a");
    }

    [Test]
    public async Task One_that_is_too_long_is_told()
    {
        using (var file = File.Create(Path))
        {
            file.SetLength(MemberFile.MaxLength + 1);
        }

        Start();
        await _log.WaitForAsync(NotTaken);

        Assert.That(_log.Of(NotTaken).Single(), Does.Contain($"is longer than {MemberFile.MaxLength} bytes"));
    }

    [Test]
    public async Task One_that_everybody_may_write_is_taken_and_told()
    {
        File.WriteAllText(Path, Text("a"));
        File.SetUnixFileMode(Path, (UnixFileMode)0b110_110_110);
        Start();

        await _log.WaitForAsync(OpenToOthers);
        await UntilAsync("a");
    }

    [Test]
    public async Task A_link_of_links_is_followed_where_any_of_them_is_replaced()
    {
        Directory.CreateDirectory(_folder.File("x1"));
        Directory.CreateDirectory(_folder.File("x2"));
        File.WriteAllText(_folder.File("x1/m.json"), Text("a"));
        File.WriteAllText(_folder.File("x2/m.json"), Text("b"));
        Directory.CreateSymbolicLink(_folder.File("data"), "x1");
        File.CreateSymbolicLink(Path, "data/m.json");
        Start();
        await UntilAsync("a");
        Directory.CreateSymbolicLink(_folder.File("tmp"), "x2");
        await Tool.RunAsync("mv", ["-T", _folder.File("tmp"), _folder.File("data")], string.Empty);
        await UntilAsync("b");

        Assert.That(FileWatch.DirectoriesOnTheWay(Path), Is.EquivalentTo(new[] { _folder.Path, _folder.File("x2") }));
    }

    [Test]
    public void A_link_to_itself_has_an_end()
    {
        File.CreateSymbolicLink(Path, "members.json");

        Assert.That(FileWatch.DirectoriesOnTheWay(Path), Is.EqualTo(new[] { _folder.Path }));
    }

    [Test]
    public async Task The_same_content_again_is_no_news()
    {
        File.WriteAllText(Path, Text("a"));
        Start();
        await UntilAsync("a");
        var before = _source.Current;
        File.WriteAllText(Path, Text("a"));
        File.WriteAllText(_folder.File("new"), Text("a"));
        File.Move(_folder.File("new"), Path, overwrite: true);
        File.WriteAllText(Path, Text("a") + "\n");
        File.WriteAllText(Path, Text("a", "b"));
        await UntilAsync("a", "b");

        Assert.That(_source.Current!.Revision, Is.EqualTo(before!.Revision + 1));
        Assert.That(_log.Of(Taken), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task What_is_told_last_of_a_file_that_is_broken_often_is_that_it_is_broken_and_where()
    {
        File.WriteAllText(Path, Text("a"));
        Start();
        await UntilAsync("a");
        for (var times = 1; times <= LogLimit.Most; times++)
        {
            File.WriteAllText(Path, new string('\n', times) + "{");
            await _log.WaitForAsync(NotTaken, times);
            File.WriteAllText(Path, Text("a"));
            await _log.WaitForAsync(TakenAgain, times);
        }

        File.WriteAllText(Path, new string('\n', 30) + "{");
        await _log.WaitForAsync(NotTaken, LogLimit.Most + 1);
        Assert.That(_log.Of(NotTaken)[^1], Does.Contain($"{Path}:31:"));
        Assert.That(_log.Of(TakenAgain), Has.Count.EqualTo(LogLimit.Most));
    }

    /// <summary>Who expired in the life before this one is nobody's whom this file has emptied a set of.</summary>
    [Test]
    public async Task A_set_that_has_somebody_ready_is_not_said_to_be_empty_after_a_start()
    {
        File.WriteAllText(Path, Text("a", "b"));
        _source.Seed(new Membership(7, [], []) { Expired = [.. "cd".Select(static name => new ExpiredMember(Members.Of(name.ToString()), DateTimeOffset.UtcNow, 4, TimeSpan.Zero))] });
        Start();
        await UntilAsync("a", "b");
        Assert.That(_log.Of(Emptied), Is.Empty);

        File.WriteAllText(Path, Text());
        await UntilAsync();
        Assert.That(_log.Of(Emptied), Has.Count.EqualTo(1).And.All.Contain("set 1"));
    }

    [Test]
    public async Task Whose_members_an_empty_file_leaves_out_is_told_and_those_who_were_held_already_are_not_counted()
    {
        File.WriteAllText(Path, Text());
        _source.Seed(new Membership(7, [Members.Of("a"), Members.Of("b")], [])
        {
            Expired = [new ExpiredMember(Members.Of("c"), DateTimeOffset.UtcNow, 4, TimeSpan.Zero)],
            Sources = new Dictionary<int, string> { [1] = "kubernetes:voice/asterisk" },
        });
        Start();
        await UntilAsync();

        Assert.That(_log.Of(Emptied), Has.Count.EqualTo(1).And.All.Contain("has nobody in set 1, which had 2 ready members of kubernetes:voice/asterisk:"));
    }

    private static string Text(params string[] names) =>
        $$"""{"members":[{{string.Join(',', names.Select(static name => $$"""{"set":1,"name":"{{name}}","uri":"sip:{{name}}.example.org:5060"}"""))}}]}""";

    private void Start() => _running = _source.RunAsync(() => _changed.Release(), _stop.Token);

    private async Task UntilAsync(params string[] names)
    {
        while (_source.Current?.Members.Select(static member => member.Key.Name).SequenceEqual(names) != true)
        {
            Assert.That(await _changed.WaitAsync(Deadline), Is.True, $"not {string.Join(' ', names)}");
        }
    }
}

using System.Diagnostics;
using System.Net.Sockets;
using KamailioRpc.Errors;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests.Transports;

/// <summary>Where others may write: directories and files that somebody planted.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReplyDirectoryTests : IAsyncDisposable
{
    private const string Nobody = "65534";

    private readonly FakeKamailio _kamailio = FakeKamailio.Start();

    /// <summary>As /tmp is: everybody may write, and remove only what is theirs.</summary>
    private readonly TemporaryFolder _common = new();

    public ReplyDirectoryTests() => Run("chmod", "1777", _common.Path);

    private string Replies => _common.File("replies");

    public async ValueTask DisposeAsync()
    {
        await _kamailio.DisposeAsync();
        _common.Dispose();
    }

    [Test]
    public async Task A_symbolic_link_in_place_of_the_directory_is_refused()
    {
        Directory.CreateDirectory(_common.File("elsewhere"));
        File.CreateSymbolicLink(Replies, _common.File("elsewhere"));

        await AssertRefusedAsync("is a symbolic link");
        Assert.That(Directory.GetFileSystemEntries(_common.File("elsewhere")), Is.Empty);
    }

    [Test]
    public async Task A_link_that_nobody_else_can_have_made_is_followed()
    {
        using var own = new TemporaryFolder();
        Run("chmod", "755", own.Path);
        Directory.CreateDirectory(own.File("replies"));
        File.CreateSymbolicLink(own.File("link"), own.File("replies"));
        await using var client = Client(own.File("link"));

        await client.InvokeAsync("core.version", [], CancellationToken.None);

        Assert.That(Directory.GetFiles(own.File("replies")), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task A_directory_of_somebody_elses_where_everybody_may_make_one_is_refused()
    {
        RequireRoot();
        Directory.CreateDirectory(Replies);
        Run("chown", Nobody, Replies);

        await AssertRefusedAsync($"belongs to user {Nobody}, not to this process's user 0");
        Assert.That(Directory.GetFileSystemEntries(Replies), Is.Empty);
    }

    [TestCase("777")]
    [TestCase("770")]
    public async Task A_directory_that_others_may_write_is_refused(string mode)
    {
        Directory.CreateDirectory(Replies);
        Run("chmod", mode, Replies);

        await AssertRefusedAsync("may be written by others");
    }

    [TestCase("file")]
    [TestCase("file/replies")]
    public async Task A_file_in_place_of_the_directory_is_told_as_that(string path)
    {
        await File.WriteAllTextAsync(_common.File("file"), "mine");
        await using var client = Client(_common.File(path));

        var failure = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("core.version", [], CancellationToken.None));

        Assert.That(failure!.Message, Does.Contain($"the reply directory {_common.File(path)} cannot be made, since {_common.File("file")} is a file: name a directory"));
        Assert.That(RpcClientOptions.CheckReplyDirectory(_common.File(path)), Is.EqualTo($"'{_common.File(path)}' cannot be made, since {_common.File("file")} is a file: name a directory"));
        Assert.That(await File.ReadAllTextAsync(_common.File("file")), Is.EqualTo("mine"));
    }

    [Test]
    public async Task The_common_directory_itself_will_do()
    {
        await using var client = Client(_common.Path);

        await client.InvokeAsync("core.version", [], CancellationToken.None);
    }

    [Test]
    public async Task A_directory_of_Kamailios_user_elsewhere_will_do()
    {
        RequireRoot();
        using var own = new TemporaryFolder();
        Directory.CreateDirectory(own.File("replies"));
        Run("chown", Nobody, own.File("replies"));
        await using var client = Client(own.File("replies"));

        await client.InvokeAsync("core.version", [], CancellationToken.None);
    }

    /// <summary>As with <c>dgram_user</c> and <c>dgram_group</c>, which need not be Kamailio's own.</summary>
    [Test]
    public async Task Whomever_Kamailios_socket_belongs_to_any_user_can_reply()
    {
        RequireRoot();
        Run("chown", $"{Nobody}:{Nobody}", _kamailio.Address["jsonrpc+unix:".Length..]);
        await using var client = Client(Replies);

        await client.InvokeAsync("core.version", [], CancellationToken.None);

        Assert.That(File.GetUnixFileMode(Directory.GetFiles(Replies).Single()), Is.EqualTo((UnixFileMode)Convert.ToInt32("666", 8)));
    }

    [Test]
    public async Task What_was_left_is_removed_only_when_it_is_ours_and_of_our_kind()
    {
        RequireRoot();
        Directory.CreateDirectory(Replies);
        var precious = _common.File("precious");
        await File.WriteAllTextAsync(precious, "precious");
        File.CreateSymbolicLink(Path.Combine(Replies, "kamrpc-1-link.sock"), precious);
        await File.WriteAllTextAsync(Path.Combine(Replies, "kamrpc-1-file.sock"), "a file");
        Leave("kamrpc-1-ours.sock");
        Leave("kamrpc-1-theirs.sock");
        Run("chown", Nobody, Path.Combine(Replies, "kamrpc-1-theirs.sock"));
        await using var client = Client(Replies);

        await client.InvokeAsync("core.version", [], CancellationToken.None);

        Assert.That(
            Directory.GetFileSystemEntries(Replies).Select(Path.GetFileName).Where(static name => name!.StartsWith("kamrpc-1-", StringComparison.Ordinal)),
            Is.EquivalentTo(new[] { "kamrpc-1-link.sock", "kamrpc-1-file.sock", "kamrpc-1-theirs.sock" }));
        Assert.That(await File.ReadAllTextAsync(precious), Is.EqualTo("precious"));
    }

    [Test]
    public async Task A_reply_socket_that_was_removed_is_made_anew_for_the_next_call()
    {
        await using var client = Client(Replies);
        await client.InvokeAsync("core.version", [], CancellationToken.None);
        File.Delete(Directory.GetFiles(Replies).Single());

        await client.InvokeAsync("core.version", [], CancellationToken.None);

        Assert.That(Directory.GetFiles(Replies), Has.Length.EqualTo(1));
    }

    /// <summary>As on a read-only file system.</summary>
    [Test]
    public async Task A_directory_that_takes_no_sockets_is_not_Kamailios_absence()
    {
        await using var client = Client("/sys");

        var refused = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("core.version", [], CancellationToken.None));
        Assert.That(refused!.Message, Does.StartWith($"Kamailio at {_kamailio.Address} cannot be asked: no socket for its replies can be made in /sys"));
    }

    private static void RequireRoot()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("Only root gives files away.");
        }
    }

    private async Task AssertRefusedAsync(string reason)
    {
        await using var client = Client(Replies);
        var refused = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("core.version", [], CancellationToken.None));
        Assert.That(refused!.Message, Does.StartWith($"Kamailio at {_kamailio.Address} cannot be asked: the reply directory {Replies} ").And.Contain(reason).And.Not.Contain("\n"));
    }

    /// <summary>As a killed process does.</summary>
    private void Leave(string name)
    {
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(Replies, name)));
            File.Move(Path.Combine(Replies, name), Path.Combine(Replies, name + "x"));
        }

        File.Move(Path.Combine(Replies, name + "x"), Path.Combine(Replies, name));
    }

    private RpcClient Client(string directory) => new(KamailioAddress.Parse(_kamailio.Address), new RpcClientOptions { ReplyDirectory = directory, Timeout = TimeSpan.FromSeconds(2) });

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero);
    }
}

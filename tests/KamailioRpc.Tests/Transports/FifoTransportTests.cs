using System.Diagnostics;
using System.Text;
using System.Text.Json;
using KamailioRpc.Errors;
using KamailioRpc.Transports.Fifo;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests.Transports;

/// <summary>What becomes of the FIFOs that replies come through.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class FifoTransportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FifoTransportTests()
    {
        MakeFifo(_folder.File("kamailio_rpc.fifo"));
        Directory.CreateDirectory(Replies);
    }

    private string Replies => _folder.File("replies");

    public void Dispose() => _folder.Dispose();

    [Test]
    public async Task The_reply_FIFO_is_shut_to_others_and_removed_in_the_end()
    {
        var serving = Serve(calls: 2);
        var client = Client();
        for (var call = 0; call < 2; call++)
        {
            Assert.That((await client.InvokeAsync("m", ["é"], CancellationToken.None)).ToString(), Is.EqualTo("""["é"]"""));
        }

        var fifo = Directory.GetFiles(Replies).Single();
        Assert.That(File.GetUnixFileMode(fifo), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite));

        await client.DisposeAsync();
        Assert.That(Directory.GetFiles(Replies), Is.Empty);
        await serving;
    }

    [Test]
    public async Task What_a_killed_process_left_is_removed_and_what_is_in_use_is_not()
    {
        // Of the form of ours, without anybody who reads it; and two that are not ours.
        MakeFifo(Path.Combine(Replies, "kamrpc-4711-0123456789ab"));
        File.SetLastWriteTimeUtc(Path.Combine(Replies, "kamrpc-4711-0123456789ab"), DateTime.UtcNow.AddMinutes(-1));
        MakeFifo(Path.Combine(Replies, "kamrpc-4713-0123456789ab"));
        MakeFifo(Path.Combine(Replies, "kamrpc-somebody-else"));
        await File.WriteAllTextAsync(Path.Combine(Replies, "kamrpc-4712-0123456789ab"), "a file");
        var serving = Serve(calls: 3);
        await using var first = Client();
        await using var second = Client();

        await first.InvokeAsync("m", [], CancellationToken.None);
        await second.InvokeAsync("m", [], CancellationToken.None);
        await first.InvokeAsync("m", [], CancellationToken.None);

        var left = Directory.GetFiles(Replies).Select(Path.GetFileName).ToList();
        Assert.That(left, Has.Count.EqualTo(5), "two in use, one that is just being made, two of others");
        Assert.That(left, Has.None.EqualTo("kamrpc-4711-0123456789ab"));
        await serving;
    }

    /// <summary>As of a Kamailio that root starts with <c>-u</c>: it makes its FIFO before it becomes the other user.</summary>
    [Test]
    public async Task Where_Kamailios_FIFO_is_roots_the_replies_are_given_to_who_reads_it()
    {
        OtherUser.RequireRoot();
        var requests = Posix.StatusAt(_folder.File("kamailio_rpc.fifo"))!.Value;
        using (var unknown = ReplyFifo.Make(Replies, requests))
        {
            Assert.That(unknown.Doubt, Does.Contain("fifo_user").And.Contain("KAMRPC_SOCKET_USER"));
        }

        string[] other = ["setpriv", "--reuid", $"{OtherUser.Id}", "--regid", $"{OtherUser.Id}", "--clear-groups"];
        using var kamailio = Process.Start(new ProcessStartInfo("sh",
            ["-c", "fifo=$1; shift; exec \"$@\" <>\"$fifo\"", "sh", _folder.File("kamailio_rpc.fifo"), .. other, "sh", "-c", "echo; exec sleep 60"]) { RedirectStandardOutput = true })!;
        try
        {
            await kamailio.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20));

            using var replies = ReplyFifo.Make(Replies, requests);

            var made = Posix.StatusAt(Path.Combine(Replies, replies.Name))!.Value;
            Assert.That((made.User, made.Group, replies.Doubt), Is.EqualTo((OtherUser.Id, OtherUser.Id, (string?)null)));
        }
        finally
        {
            kamailio.Kill();
            await kamailio.WaitForExitAsync();
        }
    }

    [Test]
    public async Task A_call_without_a_reply_names_what_may_keep_it_from_coming()
    {
        OtherUser.RequireRoot();
        using var reader = new FileStream(_folder.File("kamailio_rpc.fifo"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        await using var client = Client(static options => options with { Timeout = TimeSpan.FromMilliseconds(200) });

        var timeout = await Assert.ThrowsAsync<KamailioTimeoutException>(() => client.InvokeAsync("m", [], CancellationToken.None));

        Assert.That(timeout!.Message, Does.StartWith("m: no reply from Kamailio within 200ms; ").And.Contain("fifo_user"));
    }

    [Test]
    public async Task Nobody_who_reads_is_unreachable()
    {
        await using var client = Client();

        await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("m", [], CancellationToken.None));
        Assert.That(Directory.GetFiles(Replies), Is.Empty);
    }

    [Test]
    public async Task A_request_longer_than_a_FIFO_takes_in_one_piece_is_not_sent()
    {
        using var reader = new FileStream(_folder.File("kamailio_rpc.fifo"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        await using var client = Client();

        await Assert.ThatAsync(
            () => client.InvokeAsync("m", [new string('x', 4096)], CancellationToken.None),
            Throws.InstanceOf<KamailioUnsafeRequestException>().With.Message.Contains("takes 4096 in one piece"));
    }

    /// <summary>Whoever writes goes on writing until nobody reads: the FIFO is full again and again while the connection is given up.</summary>
    [Test]
    public async Task A_flood_of_bytes_keeps_nobody_from_giving_up()
    {
        for (var round = 0; round < 30; round++)
        {
            var serving = Serve(calls: 1, static (fifo, _) =>
            {
                try
                {
                    for (var i = 0; i < 10_000; i++)
                    {
                        fifo.Write("{\"a\":\""u8);
                        fifo.Write(new byte[60_000].AsSpan());
                    }
                }
                catch (IOException)
                {
                    // Nobody reads any more.
                }
            });
            await using var client = Client(static options => options with { MaxReplyLength = 100_000 });
            await Assert.ThrowsAsync<KamailioMalformedReplyException>(() => client.InvokeAsync("m", [], CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20)));
            await serving.WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    private RpcClient Client(Func<RpcClientOptions, RpcClientOptions>? with = null)
    {
        var options = new RpcClientOptions { FifoReplyDirectory = Replies, Timeout = TimeSpan.FromSeconds(10) };
        return new RpcClient(KamailioAddress.Parse("jsonrpc+fifo:" + _folder.File("kamailio_rpc.fifo")), with?.Invoke(options) ?? options);
    }

    /// <summary>Plays Kamailio: answers each call with its arguments.</summary>
    private Task Serve(int calls) => Serve(calls, static (fifo, request) =>
        fifo.Write(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","result":{{request.GetProperty("params")}},"id":{{request.GetProperty("id")}}}""")));

    private Task Serve(int calls, Action<FileStream, JsonElement> answer)
    {
        // Opened for writing too: a reader alone would wait for the first writer.
        var requests = new FileStream(_folder.File("kamailio_rpc.fifo"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        return Task.Run(() =>
        {
            using (requests)
            {
                var buffer = new byte[8192];
                for (var call = 0; call < calls; call++)
                {
                    var request = JsonElement.Parse(buffer.AsSpan(0, requests.Read(buffer)));
                    using var fifo = new FileStream(Path.Combine(Replies, request.GetProperty("reply_name").GetString()!), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
                    answer(fifo, request);
                }
            }
        });
    }

    private static void MakeFifo(string path)
    {
        using var process = Process.Start("mkfifo", [path]);
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero);
    }
}

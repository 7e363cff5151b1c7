using System.Diagnostics;
using System.Text;
using System.Text.Json;
using KamailioRpc.Errors;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests.Transports;

/// <summary>The files by which Kamailio and a client find each other are taken away: by a cleaner of /tmp, by a restart.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class FifoLossTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder _folder = new();
    private FileStream _requests = null!;

    public FifoLossTests()
    {
        Directory.CreateDirectory(Replies);
        Start();
    }

    private string Replies => _folder.File("replies");

    private string Fifo => _folder.File("kamailio_rpc.fifo");

    public void Dispose()
    {
        _requests.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task A_reply_FIFO_that_was_removed_is_made_anew_for_the_next_call()
    {
        await using var client = Client();
        await AnsweredAsync(client);
        File.Delete(Directory.GetFiles(Replies).Single());

        await AnsweredAsync(client);

        Assert.That(Directory.GetFiles(Replies), Has.Length.EqualTo(1));
    }

    /// <summary>One of four tries of this hung for ever: the waiting reader was woken by the path that was gone.</summary>
    [Test]
    public async Task A_reply_FIFO_that_was_removed_and_a_Kamailio_that_restarts_hang_nothing()
    {
        for (var round = 0; round < 40; round++)
        {
            var client = Client();
            await AnsweredAsync(client);
            File.Delete(Directory.GetFiles(Replies).Single());
            Restart();

            await AnsweredAsync(client);
            await client.DisposeAsync().AsTask().WaitAsync(Deadline);
            Assert.That(Directory.GetFiles(Replies), Is.Empty);
        }
    }

    [Test]
    public async Task A_reply_FIFO_that_is_removed_while_a_call_waits_is_a_timeout_and_the_next_call_works()
    {
        await using var client = Client(TimeSpan.FromMilliseconds(300));
        var call = client.InvokeAsync("m", [], CancellationToken.None);
        _ = await NextAsync();
        File.Delete(Directory.GetFiles(Replies).Single());
        await Assert.ThatAsync(() => call.WaitAsync(Deadline), Throws.InstanceOf<KamailioTimeoutException>());

        await using var patient = Client();
        await AnsweredAsync(patient);
    }

    [Test]
    public async Task Something_else_in_place_of_the_reply_FIFO_is_left_there()
    {
        var client = Client();
        await AnsweredAsync(client);
        var path = Directory.GetFiles(Replies).Single();
        File.Delete(path);
        await File.WriteAllTextAsync(path, "somebody else's");

        await AnsweredAsync(client);
        await client.DisposeAsync();

        Assert.That(await File.ReadAllTextAsync(path), Is.EqualTo("somebody else's"));
    }

    [Test]
    public async Task What_Kamailios_FIFO_was_replaced_by_is_not_written_into()
    {
        var target = _folder.File("precious");
        await File.WriteAllTextAsync(target, "precious");
        File.Delete(Fifo);
        File.CreateSymbolicLink(Fifo, target);
        await using var client = Client();

        var link = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("m", [], CancellationToken.None));
        Assert.That(link!.Message, Does.Contain("symbolic link"));

        File.Delete(Fifo);
        File.Copy(target, Fifo);
        var file = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("m", [], CancellationToken.None));
        Assert.That(file!.Message, Does.Contain("it is no FIFO"));
        Assert.That((await File.ReadAllTextAsync(target), await File.ReadAllTextAsync(Fifo)), Is.EqualTo(("precious", "precious")));
        Assert.That(Directory.GetFiles(Replies), Is.Empty);
    }

    /// <summary>Kamailio takes the quote behind a last backslash for an escaped one, and never finds the end of the request.</summary>
    [TestCase("a\\", """["a\u005c"]""")]
    [TestCase("a\\\"", """["a\u005c\""]""")]
    [TestCase("\\\\", """["\u005c\u005c"]""")]
    [TestCase("\n\\n\t", """["\n\u005cn\t"]""")]
    [TestCase("plain", """["plain"]""")]
    public async Task A_backslash_goes_in_a_form_that_Kamailios_reader_does_not_stumble_over(string text, string parameters)
    {
        await using var client = Client();
        var call = client.InvokeAsync("m", [text], CancellationToken.None);
        var request = await NextAsync();
        Assert.That(request.GetProperty("params").GetRawText(), Is.EqualTo(parameters));
        Answer(request);

        Assert.That((await call.WaitAsync(Deadline)).ToElement()[0].GetString(), Is.EqualTo(text));
    }

    private RpcClient Client(TimeSpan? timeout = null) =>
        new(KamailioAddress.Parse("jsonrpc+fifo:" + Fifo), new RpcClientOptions { FifoReplyDirectory = Replies, Timeout = timeout ?? Deadline });

    private async Task AnsweredAsync(RpcClient client)
    {
        var call = client.InvokeAsync("m", ["x"], CancellationToken.None);
        Answer(await NextAsync());
        Assert.That((await call.WaitAsync(Deadline)).ToString(), Is.EqualTo("""["x"]"""));
    }

    private async Task<JsonElement> NextAsync()
    {
        var buffer = new byte[8192];
        var requests = _requests;
        return JsonElement.Parse(buffer.AsSpan(0, await Task.Run(() => requests.Read(buffer)).WaitAsync(Deadline)));
    }

    private void Answer(JsonElement request)
    {
        using var reply = new FileStream(Path.Combine(Replies, request.GetProperty("reply_name").GetString()!), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        reply.Write(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","result":{{request.GetProperty("params")}},"id":{{request.GetProperty("id")}}}"""));
    }

    /// <summary>As Kamailio does: the FIFO of before is removed and made anew.</summary>
    private void Restart()
    {
        _requests.Dispose();
        File.Delete(Fifo);
        Start();
    }

    private void Start()
    {
        using var process = Process.Start("mkfifo", [Fifo]);
        process.WaitForExit();

        // For writing too: a reader alone would wait for the first writer.
        _requests = new FileStream(Fifo, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
    }
}

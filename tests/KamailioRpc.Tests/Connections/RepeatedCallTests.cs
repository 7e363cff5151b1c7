using KamailioRpc.Commands;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests.Connections;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RepeatedCallTests : IAsyncDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly FakeKamailio _kamailio = FakeKamailio.Start();
    private readonly TemporaryFolder _folder = new();

    private IEnumerable<string> Methods => _kamailio.Requests.Select(static request => request.Method);

    public async ValueTask DisposeAsync()
    {
        await _kamailio.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task A_reply_that_is_lost_is_asked_for_again_long_before_the_timeout()
    {
        await using var client = Client(Soon, Deadline);
        await client.InvokeAsync("dispatcher.add", [1, "sip:10.0.0.1", 8], CancellationToken.None);
        _kamailio.OnRequest = static request => request.Sequence < 4 ? FakeReaction.DropReply : FakeReaction.Proceed;

        await client.SetDestinationStateAsync(DestinationState.Disabled, isProbed: true, 1, "sip:10.0.0.1", CancellationToken.None);

        Assert.That(Methods, Is.EqualTo(new[] { "dispatcher.add", "dispatcher.set_state", "dispatcher.set_state", "dispatcher.set_state" }));
        Assert.That(client.Unanswered, Is.Null);
        Assert.That(_kamailio.Destinations.Single().Flags, Does.StartWith("D"));
    }

    [Test]
    public async Task What_does_harm_twice_is_sent_once()
    {
        await using var client = Client(Soon, Soon * 10);
        _kamailio.OnRequest = static _ => FakeReaction.DropReply;

        await Assert.ThrowsAsync<KamailioTimeoutException>(() => client.InvokeAsync("dispatcher.add", [1, "sip:10.0.0.1", 8], CancellationToken.None));
        await Assert.ThrowsAsync<KamailioTimeoutException>(() => client.InvokeAsync("some.other", [], CancellationToken.None));

        Assert.That(Methods, Is.EqualTo(new[] { "dispatcher.add", "some.other" }));
    }

    [Test]
    public async Task Nothing_is_sent_twice_unless_that_is_asked_for()
    {
        await using var client = Client(null, Soon * 4);
        _kamailio.OnRequest = static _ => FakeReaction.DropReply;

        await Assert.ThrowsAsync<KamailioTimeoutException>(() => client.EchoAsync(CancellationToken.None));

        Assert.That(Methods, Is.EqualTo(new[] { "core.echo" }));
    }

    /// <summary>With a timeout of a second and a tenth of it: at once, and after 0.1, 0.3 and 0.7 s.</summary>
    [Test]
    public async Task Kamailio_that_does_not_answer_is_asked_a_few_times_only_and_it_counts_as_one_call()
    {
        await using var client = Client(Soon, Soon * 10);
        _kamailio.OnRequest = static _ => FakeReaction.DropRequest;

        await Assert.ThrowsAsync<KamailioTimeoutException>(() => client.EchoAsync(CancellationToken.None));

        Assert.That(_kamailio.Requests, Has.Count.InRange(2, 4));
        Assert.That(client.Unanswered! with { For = default }, Is.EqualTo(new Unanswered("core.echo", null, default, 1, IsWriterStuck: false)));
    }

    /// <summary>Kamailio was slow, and answers each of them: the next call takes no answer to this one, and its reply address stays until Kamailio is done.</summary>
    [Test]
    public async Task Replies_that_come_twice_are_nobody_elses()
    {
        await using var client = Client(Soon, Deadline);
        _kamailio.OnRequest = static request => request.Sequence == 1 ? FakeReaction.Delay(Soon * 6) : FakeReaction.Proceed;

        var version = await client.InvokeAsync("core.version", [], CancellationToken.None);
        var fault = await Assert.ThrowsAsync<KamailioFaultException>(() => client.InvokeAsync("dispatcher.list", [], CancellationToken.None));

        Assert.That(version.ToText(), Does.StartWith("kamailio"));
        Assert.That(fault!.FaultMessage, Is.EqualTo("No Destination Sets"));
        Assert.That(Methods.Count(static method => method == "core.version"), Is.GreaterThan(1), "it was asked again meanwhile");
        Assert.That(Methods.Last(), Is.EqualTo("dispatcher.list"));
    }

    private RpcClient Client(TimeSpan? repeatAfter, TimeSpan timeout) =>
        new(KamailioAddress.Parse(_kamailio.Address), new RpcClientOptions { ReplyDirectory = _folder.File("replies"), Timeout = timeout, RepeatAfter = repeatAfter });
}

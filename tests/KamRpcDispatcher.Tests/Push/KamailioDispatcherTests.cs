using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Reading;
using NSubstitute;
using NSubstitute.ExceptionExtensions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

/// <summary>By which way the list is read: a datagram holds some 600 destinations, and a longer list is simply not answered.</summary>
public class KamailioDispatcherTests
{
    private static readonly KamailioVersion Version = new(5, 6);

    private IRpcClient _client = null!;
    private IRpcClient _reader = null!;

    [SetUp]
    public void SetUp()
    {
        _client = Kamailio();
        _reader = Kamailio();
    }

    [TearDown]
    public async Task TearDown()
    {
        await _client.DisposeAsync();
        await _reader.DisposeAsync();
    }

    [Test]
    public async Task A_list_of_unknown_length_is_read_the_way_that_takes_any()
    {
        var dispatcher = new KamailioDispatcher(_client, _reader);
        await dispatcher.ReadAsync(CancellationToken.None);
        AssertListed(byClient: 0, byReader: 1);

        await dispatcher.ReadAsync(CancellationToken.None);
        AssertListed(byClient: 1, byReader: 1);
    }

    [Test]
    public async Task Where_the_other_way_is_shut_the_first_one_is_tried()
    {
        _reader.InvokeAsync("dispatcher.list", Arg.Any<IReadOnlyList<object?>>(), Arg.Any<CancellationToken>())
            .ThrowsAsync(new KamailioUnreachableException(KamailioAddress.Parse("jsonrpc+fifo:/nowhere"), "no such file", null));

        Assert.That((await new KamailioDispatcher(_client, _reader).ReadAsync(CancellationToken.None)).Destinations, Is.Empty);

        NoListFrom(_client);
        await Assert.ThatAsync(() => new KamailioDispatcher(_client, _reader).ReadAsync(CancellationToken.None), Throws.InstanceOf<KamailioUnreachableException>(), "and what is in the way is said");
    }

    [Test]
    public async Task A_list_that_has_grown_long_by_what_was_added_is_not_asked_for_in_a_datagram_first()
    {
        var dispatcher = new KamailioDispatcher(_client, _reader);
        await dispatcher.ReadAsync(CancellationToken.None);
        for (var i = 0; i < 300; i++)
        {
            await dispatcher.ApplyAsync(new AddDestination(1, $"sip:10.0.0.1:{i + 1}", 8, i, "kamrpc=c"), Version, CancellationToken.None);
        }

        await dispatcher.ReadAsync(CancellationToken.None);

        AssertListed(byClient: 0, byReader: 2);
    }

    [Test]
    public async Task A_list_that_is_not_answered_while_Kamailio_answers_is_read_the_other_way()
    {
        var dispatcher = new KamailioDispatcher(_client, _reader);
        await dispatcher.ReadAsync(CancellationToken.None);
        NoListFrom(_client);

        await dispatcher.ReadAsync(CancellationToken.None);

        AssertListed(byClient: 1, byReader: 2);
    }

    [Test]
    public async Task Without_another_way_what_to_do_is_said()
    {
        NoListFrom(_client);

        await Assert.ThatAsync(() => new KamailioDispatcher(_client).ReadAsync(CancellationToken.None), Throws.InstanceOf<ListTooLongException>().With.Message.Contains("--kamailio-read"));
    }

    [Test]
    public async Task A_list_that_was_short_and_is_not_answered_once_is_not_taken_for_too_long()
    {
        var dispatcher = new KamailioDispatcher(_client);
        await dispatcher.ReadAsync(CancellationToken.None);
        NoListFrom(_client);

        await Assert.ThatAsync(() => dispatcher.ReadAsync(CancellationToken.None), Throws.InstanceOf<KamailioTimeoutException>());
        await Assert.ThatAsync(() => dispatcher.ReadAsync(CancellationToken.None), Throws.InstanceOf<ListTooLongException>(), "others may have added to it");
    }

    /// <summary>ctl has buffers of its own, and says when they are full.</summary>
    [Test]
    public async Task A_list_that_ctl_has_no_room_for_is_read_the_other_way_or_what_to_set_is_said()
    {
        _client.Address.Returns(KamailioAddress.Parse("binrpc+unix:/run/kamailio/kamailio_ctl"));
        _client.InvokeAsync("dispatcher.list", Arg.Any<IReadOnlyList<object?>>(), Arg.Any<CancellationToken>())
            .ThrowsAsync(new KamailioFaultException("dispatcher.list", 500, "Internal error creating dest"));

        await new KamailioDispatcher(_client, _reader).ReadAsync(CancellationToken.None);
        AssertListed(byClient: 0, byReader: 1);

        await Assert.ThatAsync(
            () => new KamailioDispatcher(_client).ReadAsync(CancellationToken.None),
            Throws.InstanceOf<ListTooLongException>().With.Message.Contains("binrpc_struct_max_body_size"));
    }

    [Test]
    public async Task A_time_out_where_replies_of_any_length_fit_is_one()
    {
        _client.Address.Returns(KamailioAddress.Parse("jsonrpc+tcp://127.0.0.1:5042"));
        NoListFrom(_client);

        await Assert.ThatAsync(() => new KamailioDispatcher(_client).ReadAsync(CancellationToken.None), Throws.InstanceOf<KamailioTimeoutException>());
    }

    [Test]
    public async Task A_list_of_another_Kamailio_than_the_one_that_told_its_start_is_not_taken()
    {
        _client.InstanceToken.Returns("one", "another");

        await Assert.ThatAsync(() => new KamailioDispatcher(_client).ReadAsync(CancellationToken.None), Throws.InstanceOf<KamailioGoneException>());
    }

    private static IRpcClient Kamailio()
    {
        var client = Substitute.For<IRpcClient>();
        client.Address.Returns(KamailioAddress.Parse(KamailioAddress.Default));
        client.InvokeAsync(default!, default!, default).ReturnsForAnyArgs(static call => call.Arg<string>() switch
        {
            "core.uptime" => new RpcResult("""{"now":"now","up_since":"then","uptime":1}"""u8.ToArray()),
            "core.version" => new RpcResult("\"kamailio 5.6.3 (x86_64/linux)\""u8.ToArray()),
            "dispatcher.list" => new RpcResult("""{"RECORDS":[]}"""u8.ToArray()),
            _ => new RpcResult("\"Ok\""u8.ToArray()),
        });
        return client;
    }

    private static void NoListFrom(IRpcClient client) =>
        client.InvokeAsync("dispatcher.list", Arg.Any<IReadOnlyList<object?>>(), Arg.Any<CancellationToken>())
            .ThrowsAsync(new KamailioTimeoutException("dispatcher.list", TimeSpan.FromSeconds(1)));

    private void AssertListed(int byClient, int byReader)
    {
        _client.Received(byClient).InvokeAsync("dispatcher.list", Arg.Any<IReadOnlyList<object?>>(), Arg.Any<CancellationToken>());
        _reader.Received(byReader).InvokeAsync("dispatcher.list", Arg.Any<IReadOnlyList<object?>>(), Arg.Any<CancellationToken>());
    }
}

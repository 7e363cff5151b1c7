using System.Net;
using System.Net.Sockets;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

public class ForeignGuardTests
{
    private const string Own = "duid=a;kamrpc=c";
    private static readonly AddDestination Add = new(1, "sip:10.0.0.9", 8, 0, Own);
    private static readonly ListedDestination Carrier = new(2, "sip:user@gw.test:7001;transport=tcp", ListedState.Active, false, 7, "duid=carrier");
    private static readonly ListedDestination Routable = new(1, "sip:10.0.0.1", ListedState.Active, true, 0, Own);

    private readonly Dictionary<string, SocketError> _errors = [];
    private FakeTimeProvider _time = null!;
    private LogCapture<ForeignGuard> _log = null!;
    private ForeignGuard _guard = null!;

    [SetUp]
    public void SetUp()
    {
        _errors.Clear();
        _time = new FakeTimeProvider();
        _log = new LogCapture<ForeignGuard>();
        var names = new NameLookup(
            name => _errors.TryGetValue(name, out var error) ? throw new SocketException((int)error) : [IPAddress.Loopback],
            (name, _) => Task.FromResult<bool?>(name != "hosts.test"),
            _time);
        _guard = new ForeignGuard(names, "c", _time, _log);
    }

    [Test]
    public async Task A_name_that_fails_holds_every_structural_change_and_is_told_once()
    {
        Fail(SocketError.TryAgain);

        var objection = await ExamineAsync(Add, Routable, Carrier);
        Assert.That(objection, Has.Property("Scope").EqualTo(ObjectionScope.Structure).And.Property("Kind").EqualTo("foreign"));
        Assert.That(objection!.Text, Does.Contain("sip:user@gw.test:7001;transport=tcp of set 2 (gw.test: the name servers fail)"));
        Assert.That(await ExamineAsync(new RemoveDestination(1, "sip:10.0.0.1"), Routable, Carrier), Is.Not.Null);
        Assert.That(_log.Of(2050), Has.Count.EqualTo(1));

        _errors.Clear();
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await ExamineAsync(Add, Routable, Carrier), Is.Null);
        Assert.That(_log.Of(2051), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Addresses_hold_nothing() =>
        Assert.That(await ExamineAsync(Add, Routable, Carrier with { Uri = "sip:[2001:db8::1]:5060" }, Carrier with { Uri = "sip:10.0.0.2:5060;transport=tcp" }), Is.Null);

    [Test]
    public async Task A_set_with_nobody_else_gets_its_member_and_the_loss_is_told_beforehand()
    {
        Fail(SocketError.TryAgain);

        Assert.That(await ExamineAsync(Add, Routable with { State = ListedState.Disabled }, Carrier), Is.Null);
        Assert.That(_log.Of(2051), Is.Empty);
        Assert.That(_log.Of(2052).Single(), Does.Contain("sip:10.0.0.9").And.Contain("gw.test"));
        Assert.That(await ExamineAsync(Add with { Flags = 12 }, Carrier), Is.Not.Null, "A disabled one helps nobody.");
    }

    [Test]
    public async Task Who_cannot_be_resolved_is_nobody_who_could_take_calls()
    {
        Fail(SocketError.TryAgain);

        Assert.That(await ExamineAsync(Add with { Set = 2 }, Carrier), Is.Null);
    }

    [Test]
    public async Task A_name_that_never_had_an_address_is_there_with_flag_16_and_holds_nothing()
    {
        Fail(SocketError.HostNotFound);

        Assert.That(await ExamineAsync(Add, Routable, Carrier), Is.Null);
        Assert.That(await ExamineAsync(Add, Routable, Carrier), Is.Null);
        Assert.That(_log.Of(2053), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_name_that_had_an_address_and_has_none_any_more_holds()
    {
        await ExamineAsync(Add, Routable, Carrier);
        Fail(SocketError.HostNotFound);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.That(await ExamineAsync(Add, Routable, Carrier), Is.Not.Null);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.That(await ExamineAsync(Add, Routable, Carrier), Is.Not.Null, "It is somebody else's, however long it takes.");
    }

    [Test]
    public async Task What_Kamailio_alone_does_not_find_holds_for_longer_than_it_remembers_failures()
    {
        var carrier = Carrier with { Uri = "sip:hosts.test" };
        Assert.That(await ExamineAsync(Add, Routable, carrier), Is.Not.Null);
        _time.Advance(TimeSpan.FromSeconds(119));
        Assert.That(await ExamineAsync(Add, Routable, carrier), Is.Not.Null);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await ExamineAsync(Add, Routable, carrier), Is.Null);
    }

    [TestCase(SocketError.HostNotFound)]
    [TestCase(SocketError.TryAgain)]
    public async Task A_dead_name_of_ours_holds_for_half_a_minute_and_not_the_fleet_for_ever(SocketError error)
    {
        var own = Carrier with { Set = 1, Attributes = Own };
        Fail(error);
        Assert.That(await ExamineAsync(Add, Routable, own), Is.Not.Null);
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.That(await ExamineAsync(Add, Routable, own), Is.Not.Null);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await ExamineAsync(Add, Routable, own), Is.Null);
        Assert.That(_log.Of(2053), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task One_of_ours_that_gets_no_calls_is_not_missed_and_one_that_is_removed_neither()
    {
        Fail(SocketError.TryAgain);

        Assert.That(await ExamineAsync(Add, Routable, Carrier with { Attributes = Own, State = ListedState.Disabled }), Is.Null);
        Assert.That(await ExamineAsync(new RemoveDestination(2, Carrier.Uri), Routable, Carrier), Is.Null);
    }

    private void Fail(SocketError error) => _errors["gw.test"] = error;

    private ValueTask<Objection?> ExamineAsync(Change change, params ListedDestination[] listed) =>
        _guard.ExamineAsync(change, new DispatcherTable(new KamailioVersion(5, 6), new KamailioInstance("now", string.Empty), listed), CancellationToken.None);
}

using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

public class VerdictMemoryTests
{
    private static readonly KamailioInstance Instance = new("then", "a socket");
    private static readonly EndpointKey A = new(1, Spelling.EndpointOf("sip:10.0.0.1"));

    private readonly FakeTimeProvider _clock = new();
    private VerdictMemory _memory = null!;

    [SetUp]
    public void SetUp()
    {
        _memory = new VerdictMemory(_clock);
        _memory.Observe(Table());
    }

    [Test]
    public void What_Kamailio_found_dead_stays_so_while_it_is_disabled_and_after_it_has_left()
    {
        Observe("sip:10.0.0.1", ListedState.Inactive);
        Observe("sip:10.0.0.1;kamrpc", ListedState.Disabled);
        Assert.That(_memory.FoundDead, Is.EqualTo(new[] { A }));

        _memory.Observe(Table());
        Assert.That(_memory.FoundDead, Is.EqualTo(new[] { A }));

        _clock.Advance(TimeSpan.FromMinutes(6));
        _memory.Observe(Table());
        Assert.That(_memory.FoundDead, Is.Empty);
    }

    [TestCase(ListedState.Active)]
    [TestCase(ListedState.Trying)]
    public void A_good_reply_ends_it(ListedState state)
    {
        Observe("sip:10.0.0.1", ListedState.Inactive);

        Observe("sip:10.0.0.1", state);

        Assert.That(_memory.FoundDead, Is.Empty);
    }

    [Test]
    public void Whoever_waits_for_a_proof_was_not_found_dead()
    {
        _memory.Observe(new ChangePlan { Adds = [new AddDestination(1, "sip:10.0.0.1", 9, 0, string.Empty)] });
        Observe("sip:10.0.0.1", ListedState.Inactive);
        Assert.That(_memory.FoundDead, Is.Empty);
        Assert.That(_memory.AwaitingProof, Is.EqualTo(new[] { A }));

        Observe("sip:10.0.0.1", ListedState.Active);
        Assert.That(_memory.AwaitingProof, Is.Empty);

        Observe("sip:10.0.0.1", ListedState.Inactive);
        Assert.That(_memory.FoundDead, Is.EqualTo(new[] { A }));
    }

    [Test]
    public void Another_Kamailio_has_found_nothing_yet()
    {
        Observe("sip:10.0.0.1", ListedState.Inactive);

        _memory.Observe(Table() with { Instance = Instance with { InstanceToken = "another socket" } });

        Assert.That(_memory.FoundDead, Is.Empty);
    }

    private static DispatcherTable Table(params ListedDestination[] entries) => new(new KamailioVersion(5, 6), Instance, entries);

    private void Observe(string uri, ListedState state) => _memory.Observe(Table(new ListedDestination(1, uri, state, true, 0, "kamrpc=c")));
}

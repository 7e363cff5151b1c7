using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Reading;
using KamRpcDispatcher.Tests.Dispatch.Shares;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Reading;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KnownTableTests
{
    private static readonly DispatcherTable Read = SharedFleet.Table(1, SharedFleet.Listed(1, "a", "b"));
    private static readonly (string A, string B) Uris = (Read.Destinations[0].Uri, Read.Destinations[1].Uri);

    private readonly KnownTable _known = new();

    public KnownTableTests() => _known.End(Read);

    [Test]
    public void Without_a_change_it_is_what_was_read() => Assert.That(_known.Certain, Is.SameAs(Read));

    [Test]
    public void It_is_what_the_changes_make_of_the_list()
    {
        _known.Changed(new DisableDestination(1, Uris.A));
        _known.Changed(new RemoveDestination(1, Uris.B));
        _known.Changed(new AddDestination(1, "sip:c.example.org", 9, 7, "duid=c;kamrpc=c"));
        _known.Changed(new EnableDestination(1, "sip:c.example.org", ListedState.Trying));

        Assert.That(_known.Certain!.Destinations, Is.EqualTo(new[]
        {
            Read.Destinations[0] with { State = ListedState.Disabled },
            new ListedDestination(1, "sip:c.example.org", ListedState.Trying, true, 7, "duid=c;kamrpc=c"),
        }));

        _known.Changed(new AddDestination(1, Uris.B, 8, 0, "duid=b;kamrpc=c"));
        Assert.That(_known.Certain!.Destinations.Select(static entry => entry.Uri), Is.EqualTo(new[] { Uris.A, "sip:c.example.org", Uris.B }), "once");

        _known.End(Read);
        Assert.That(_known.Certain, Is.SameAs(Read), "it was read again");
    }

    [Test]
    public void It_is_in_doubt_until_it_is_read_where_a_name_tells_which_of_several_was_changed_or_nothing_tells_what_was()
    {
        _known.Changed(new DisableDestination(1, Uris.A) { Duid = "a" });
        Assert.That(_known.Certain, Is.Null);
        _known.End(Read);
        Assert.That(_known.Certain, Is.Not.Null);

        _known.Doubt();
        Assert.That((_known.Certain, _known.Likely), Is.EqualTo(((DispatcherTable?)null, Read)), "the last that is known all the same");
    }

    [Test]
    public void What_is_made_while_it_is_read_counts_whether_the_reading_shows_it_or_not()
    {
        _known.Changed(new DisableDestination(1, Uris.B));
        _known.Begin();
        _known.Changed(new DisableDestination(1, Uris.A));
        Assert.That(_known.Certain!.Destinations.Select(static entry => entry.State), Is.All.EqualTo(ListedState.Disabled), "known while it is read");

        _known.End(Read);
        Assert.That(_known.Certain!.Destinations.Select(static entry => entry.State), Is.EqualTo(new[] { ListedState.Disabled, Read.Destinations[1].State }), "what was made before is as it was read");
        Assert.That(_known.Read, Is.SameAs(Read));

        _known.Begin();
        _known.End(Read);
        Assert.That(_known.Certain, Is.SameAs(Read));
    }

    [Test]
    public void It_is_in_doubt_after_a_reading_during_which_it_was_rebuilt_or_nobody_knows_what_was_changed()
    {
        _known.Begin();
        _known.Changed(new AddDestination(1, "sip:c.example.org", 9, 7, "duid=c;kamrpc=c"));
        _known.End(Read);
        Assert.That(_known.Certain, Is.Null);

        _known.Begin();
        _known.Doubt();
        _known.End(Read);
        Assert.That(_known.Certain, Is.Null);

        _known.Begin();
        _known.End(Read);
        Assert.That(_known.Certain, Is.Not.Null);
        _known.Begin();
        _known.Fail();
        Assert.That((_known.Certain, _known.Likely), Is.EqualTo(((DispatcherTable?)null, Read)));
        _known.Forget();
        Assert.That((_known.Read, _known.Likely), Is.EqualTo(((DispatcherTable?)null, (DispatcherTable?)null)));
    }
}

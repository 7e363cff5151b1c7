using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Reading;
using KamRpcDispatcher.Tests.Dispatch.Shares;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Reading;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ChangedTableTests
{
    private static readonly DispatcherTable Read = SharedFleet.Table(1, SharedFleet.Listed(1, "a", "b"));
    private static readonly (string A, string B) Uris = (Read.Destinations[0].Uri, Read.Destinations[1].Uri);

    private readonly ChangedTable _changed = new();

    public ChangedTableTests() => _changed.Clear();

    [Test]
    public void Without_a_change_it_is_what_was_read() => Assert.That(_changed.Certain(Read), Is.SameAs(Read));

    [Test]
    public void It_is_what_the_changes_make_of_the_list()
    {
        _changed.Changed(new DisableDestination(1, Uris.A));
        _changed.Changed(new RemoveDestination(1, Uris.B));
        _changed.Changed(new AddDestination(1, "sip:c.example.org", 9, 7, "duid=c;kamrpc=c"));
        _changed.Changed(new EnableDestination(1, "sip:c.example.org", ListedState.Trying));

        Assert.That(_changed.Certain(Read)!.Destinations, Is.EqualTo(new[]
        {
            Read.Destinations[0] with { State = ListedState.Disabled },
            new ListedDestination(1, "sip:c.example.org", ListedState.Trying, true, 7, "duid=c;kamrpc=c"),
        }));

        _changed.Changed(new AddDestination(1, Uris.B, 8, 0, "duid=b;kamrpc=c"));
        Assert.That(_changed.Certain(Read)!.Destinations.Select(static entry => entry.Uri), Is.EqualTo(new[] { Uris.A, "sip:c.example.org", Uris.B }), "once");

        _changed.Clear();
        Assert.That(_changed.Certain(Read), Is.SameAs(Read), "it was read again");
    }

    [Test]
    public void It_is_in_doubt_until_it_is_read_where_a_name_tells_which_of_several_was_changed_or_nothing_tells_what_was()
    {
        _changed.Changed(new DisableDestination(1, Uris.A) { Duid = "a" });
        Assert.That(_changed.Certain(Read), Is.Null);
        _changed.Clear();
        Assert.That(_changed.Certain(Read), Is.Not.Null);

        _changed.Doubt();
        Assert.That((_changed.Certain(Read), _changed.Apply(Read)), Is.EqualTo(((DispatcherTable?)null, Read)), "the last that is known all the same");
    }
}

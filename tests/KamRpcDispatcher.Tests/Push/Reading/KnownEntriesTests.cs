using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Push.Reading;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Reading;

public class KnownEntriesTests
{
    private static readonly ListedDestination[] Before = [.. "abcd".Select(static name => new ListedDestination(1, $"sip:{name}", ListedState.Active, true, 3, $"duid={name}") { Calls = 2, MaxLoad = 9 })];

    [Test]
    public void The_same_entry_is_the_same_object_wherever_it_stands()
    {
        var known = new KnownEntries(Before);

        Assert.That(
            "xbdca".Select(name => known.Of(Read(name), ListedState.Active)).Select(static entry => Array.FindIndex(Before, before => ReferenceEquals(before, entry))),
            Is.EqualTo(new[] { -1, 1, 3, 2, 0 }));
    }

    [Test]
    public void Whatever_is_another_is_as_it_was_read()
    {
        DispatcherDestination[] others =
        [
            Read('a') with { Set = 2 }, Read('a') with { Priority = 4 }, Read('a') with { IsProbed = false }, Read('a') with { Attributes = "duid=z" }, Read('a') with { DialogLoad = 1 },
            Read('a') with { MaxLoad = 1 }, Read('a') with { IsExact = false }, Read('a') with { Uri = "sip:A" },
        ];
        foreach (var other in others)
        {
            Assert.That(new KnownEntries(Before).Of(other, ListedState.Active), Is.EqualTo(new KnownEntries([]).Of(other, ListedState.Active)).And.Not.EqualTo(Before[0]));
        }

        var disabled = new KnownEntries(Before).Of(Read('a'), ListedState.Disabled);
        Assert.That(disabled, Is.EqualTo(Before[0] with { State = ListedState.Disabled }));
        Assert.That(disabled.Uri, Is.SameAs(Before[0].Uri));
    }

    [Test]
    public void Of_several_with_one_text_each_is_as_it_was_read()
    {
        ListedDestination[] twins = [Before[0], Before[0] with { Attributes = "duid=other" }];
        var known = new KnownEntries(twins);

        Assert.That(new[] { known.Of(Read('a') with { Attributes = "duid=other" }, ListedState.Active), known.Of(Read('a'), ListedState.Active) }, Is.EqualTo(twins.Reverse()));
    }

    private static DispatcherDestination Read(char name) => new()
    {
        Set = 1, Uri = $"sip:{name}", State = DestinationState.Active, IsProbed = true, Priority = 3, Attributes = $"duid={name}", DialogLoad = 2, MaxLoad = 9,
    };
}

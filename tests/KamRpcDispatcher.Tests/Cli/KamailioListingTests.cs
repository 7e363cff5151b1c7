using System.Text.Json;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Documents;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary><c>kamrpc list</c>, of a fake Kamailio.</summary>
public class KamailioListingTests
{
    private FakeKamailio _kamailio = null!;
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Start() => (_kamailio, _folder) = (FakeKamailio.Start(), new TemporaryFolder());

    [TearDown]
    public async Task Stop()
    {
        await _kamailio.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task Each_entry_has_its_name_its_flags_in_words_and_whose_it_is()
    {
        _kamailio.AddForeign(1, "sip:10.0.0.1", "AP", attrs: "duid=asterisk-1;kamrpc=default");
        _kamailio.AddForeign(1, "sip:10.0.0.2", "IP", attrs: "duid=asterisk-2;kamrpc=lab");
        _kamailio.AddForeign(2, "sip:carrier.example.org", "DX");
        _kamailio.AddForeign(2_000_000_000, "sip:127.0.0.1:9", "DX", attrs: "duid=kamrpc-sentinel;kamrpc=default");

        var listing = await ReadAsync();
        var lines = listing.ToText(new Layout(120, Palette.None), isVerbose: false).Split('\n');

        Assert.Multiple(() =>
        {
            Assert.That(lines[0], Does.StartWith("Kamailio 5.6 at jsonrpc+unix:").And.EndsWith(": 1 of 3 destinations gets calls"));
            Assert.That(lines, Has.Some.Match("^  1    asterisk-1  sip:10.0.0.1 +CALLS +AP +ours +active, pinged$"));
            Assert.That(lines, Has.Some.Match("^  1    asterisk-2  sip:10.0.0.2 +NO CALLS +IP +cluster lab +inactive: found dead, pinged$"));
            Assert.That(lines, Has.Some.Match("^  2 +sip:carrier.example.org +NO CALLS +DX +somebody else's +disabled"));
            Assert.That(lines, Has.None.Contain("2000000000"), "kamrpc's own mark is no destination");
            Assert.That(listing.ToText(new Layout(160, Palette.None), isVerbose: true), Does.Contain("kamrpc's mark"));
            Assert.That(listing.ToText(new Layout(80, Palette.None), isVerbose: false).Split('\n'), Has.All.Length.LessThanOrEqualTo(80));
        });
        var owners = JsonElement.Parse(listing.ToJson()).GetProperty("destinations").EnumerateArray().Select(static entry => entry.GetProperty("owner").GetString());
        Assert.That(owners, Is.EquivalentTo(new[] { "ours", "cluster", "other", "mark" }));
    }

    [Test]
    public async Task An_entry_in_a_class_is_told_with_its_set_and_is_no_further_destination()
    {
        _kamailio.AddForeign(1, "sip:10.0.0.1", "AP", attrs: "duid=a;kamrpc=default");
        _kamailio.AddForeign(1_000_002, "sip:10.0.0.1", "AP", attrs: "duid=a;kamrpc=default");

        var listing = await ReadAsync();
        var lines = listing.ToText(new Layout(200, Palette.None), isVerbose: false).Split('\n');

        Assert.That(lines[0], Does.EndWith(": 1 of 1 destination gets calls; 1 more entry in classes, by which calls are shared"));
        Assert.That(lines, Has.Some.Match("^  1000002 +a +sip:10.0.0.1 +CALLS +AP +ours: class 2 of set 1 +active, pinged; its class has no calls by any share map$"));
        Assert.That(listing.Of(new HashSet<int> { 1_000_002 }).ToText(new Layout(120, Palette.None), isVerbose: false), Does.Contain("ours: class 2 of set 1"));
        Assert.That(listing.RoutableBySet().Keys, Is.EqualTo(new[] { 1 }), "nobody is missed in a class");
        Assert.That(JsonElement.Parse(listing.ToJson()).GetProperty("destinations").EnumerateArray().Last().GetProperty("classOf").GetInt32(), Is.EqualTo(1));
    }

    [Test]
    public void An_entry_for_which_the_share_map_has_no_slot_gets_only_what_fails_over()
    {
        DispatcherDestination Entry(int set, string uri) => new() { Set = set, Uri = uri, State = DestinationState.Active };
        var listing = new KamailioListing(KamailioAddress.Parse(KamailioAddress.Default), new KamailioVersion(5, 6), "default", [Entry(1, "sip:a"), Entry(1, "sip:b"), Entry(2, "sip:b"), Entry(1_000_002, "sip:a"), Entry(1_000_003, "sip:b")], [])
        {
            Classes = new Dictionary<int, (int Home, int Slots)> { [1_000_002] = (1, 1024) }, WithoutHome = new HashSet<int> { 1 },
        };

        var lines = listing.ToText(new Layout(200, Palette.None), isVerbose: false).Split('\n');
        Assert.That(lines[0], Does.Contain(": 2 of 3 destinations get calls, 1 only what fails over; 2 more entries in classes"));
        Assert.That(lines, Has.Some.Match("^  1 +sip:a +CALLS ").And.Some.Match("^  1 +sip:b +FAIL-OVER .*; the share map of its set has no slot for it$").And.Some.Match("^  2 +sip:b +CALLS ").And.Some.Match("^  1000003 +sip:b +NO CALLS .*no calls by any share map$"));
        Assert.That(JsonElement.Parse(listing.ToJson()).GetProperty("destinations").EnumerateArray().Select(static one => (one.GetProperty("getsCalls").GetBoolean(), one.GetProperty("failOverOnly").GetBoolean())), Is.EqualTo(new[] { (true, false), (false, true), (true, false), (true, false), (false, false) }));
    }

    [Test]
    public void An_entry_in_a_class_is_told_with_what_that_gets()
    {
        var entry = new DispatcherDestination { Set = 1, Uri = "sip:10.0.0.1", State = DestinationState.Active };
        var listing = new KamailioListing(KamailioAddress.Parse(KamailioAddress.Default), new KamailioVersion(5, 6), "default", [entry, entry with { Set = 1_000_002 }, entry with { Set = 1_000_003 }], [])
        {
            Classes = new Dictionary<int, (int Home, int Slots)> { [1_000_002] = (1, 51) },
        };

        var text = listing.ToText(new Layout(200, Palette.None), isVerbose: false);
        Assert.That(text, Does.Contain("active; its class has 5.0 % of the calls of set 1\n").And.Contain("active; its class has no calls by any share map\n").And.Contain("active\n"));
        Assert.That(JsonElement.Parse(listing.ToJson()).GetProperty("destinations").EnumerateArray().Select(static one => one.GetProperty("slots").ToString()), Is.EqualTo(new[] { "", "51", "" }));
    }

    [Test]
    public void One_that_has_as_many_calls_as_it_takes_is_full_and_a_set_of_such_ones_is_told()
    {
        var full = new DispatcherDestination { Set = 1, Uri = "sip:10.0.0.1", State = DestinationState.Active, IsProbed = true, MaxLoad = 10, DialogLoad = 10 };
        var listing = new KamailioListing(KamailioAddress.Parse(KamailioAddress.Default), new KamailioVersion(5, 6), "default", [full, full with { Uri = "sip:10.0.0.2", DialogLoad = 7 }], []);

        var lines = listing.ToText(new Layout(120, Palette.None), isVerbose: false).Split('\n');
        Assert.That(lines[0], Does.EndWith(": 1 of 2 destinations gets calls, 1 is full"));
        Assert.That(lines, Has.Some.Match("^  1 +sip:10.0.0.1 +FULL +AP .* 10/10 ").And.Some.Match("^  1 +sip:10.0.0.2 +CALLS +AP .* 7/10 "));
        Assert.That(lines, Has.None.Contains("every routable"));

        listing = listing with { Entries = [full, full with { Uri = "sip:10.0.0.2", MaxLoad = 20, DialogLoad = 20 }, full with { Uri = "sip:10.0.0.3", State = DestinationState.Inactive, DialogLoad = 3 }] };
        lines = listing.ToText(new Layout(120, Palette.None), isVerbose: false).Split('\n');
        Assert.That(lines[0], Does.EndWith(": 0 of 3 destinations get calls, 2 are full"));
        Assert.That(lines[1], Is.EqualTo("  set 1: every routable destination is full (30 of 30 calls): algorithm 10 has none for another call until one ends"));
        Assert.That((listing with { Unreadable = [new UnreadableEntry(1, "sip:x", "odd")] }).ToText(new Layout(120, Palette.None), isVerbose: false), Does.Not.Contain("every routable"), "that one may have room");

        var json = JsonElement.Parse(listing.ToJson());
        Assert.That(string.Concat(json.GetProperty("fullSets").GetRawText().Where(static character => !char.IsWhiteSpace(character))), Is.EqualTo("""[{"set":1,"load":30,"maxload":30}]"""));
        Assert.That(json.GetProperty("destinations").EnumerateArray().Select(static entry => (entry.GetProperty("full").GetBoolean(), entry.GetProperty("getsCalls").GetBoolean())), Is.EqualTo(new[] { (true, false), (true, false), (false, false) }));
    }

    [Test]
    public void Where_no_calls_are_counted_nobody_is_full()
    {
        var limited = new DispatcherDestination { Set = 1, Uri = "sip:10.0.0.1", State = DestinationState.Active, MaxLoad = 10 };
        foreach (var entry in new[] { limited, limited with { DialogLoad = 0 }, limited with { DialogLoad = 50, MaxLoad = 0 } })
        {
            var listing = new KamailioListing(KamailioAddress.Parse(KamailioAddress.Default), new KamailioVersion(5, 6), "default", [entry], []);
            Assert.That(listing.ToText(new Layout(120, Palette.None), isVerbose: false), Does.Contain(": 1 of 1 destination gets calls\n").And.Not.Contain("FULL"));
        }
    }

    [Test]
    public async Task The_reference_shows_a_list_as_it_looks()
    {
        _kamailio.AddForeign(1, "sip:10.0.0.11:5060", "AP", attrs: "duid=asterisk-1;kamrpc=default");
        _kamailio.AddForeign(1, "sip:10.0.0.12:5060", "IP", attrs: "duid=asterisk-2;kamrpc=default");
        _kamailio.AddForeign(2, "sip:carrier.example.org", "AX");

        var text = (await ReadAsync()).ToText(new Layout(120 + _kamailio.Address.Length, Palette.None), isVerbose: false).Replace(_kamailio.Address, KamailioAddress.Default, StringComparison.Ordinal);

        Assert.That(string.Join('\n', MarkdownFile.Reference.Blocks), Does.Contain(text.TrimEnd()));
    }

    [Test]
    public async Task A_set_can_be_picked_and_an_empty_list_is_said()
    {
        Assert.That((await ReadAsync()).ToText(Clusters.Narrow, isVerbose: false).ReplaceLineEndings(" "), Does.EndWith("its list is empty "));
        _kamailio.AddForeign(1, "sip:10.0.0.1");
        _kamailio.AddForeign(2, "sip:10.0.0.2");

        Assert.That((await ReadAsync()).Of(new HashSet<int> { 2 }).Entries.Select(static entry => entry.Uri), Is.EqualTo(new[] { "sip:10.0.0.2" }));
    }

    [Test]
    public async Task A_set_that_is_not_there_is_said_with_those_that_are()
    {
        _kamailio.AddForeign(1, "sip:10.0.0.1");
        _kamailio.AddForeign(2, "sip:10.0.0.2");

        var missing = (await ReadAsync()).Of(new HashSet<int> { 99 });
        Assert.That(missing.ToText(Clusters.Narrow, isVerbose: false).ReplaceLineEndings(" "), Does.EndWith("it has none of the destinations that are asked for "));
        Assert.That(missing.WhatIsMissing, Is.EqualTo("set 99 has no destination in Kamailio's list; there are sets 1, 2"));
        Assert.That((await ReadAsync()).Of(new HashSet<int> { 2, 7 }).WhatIsMissing, Is.EqualTo("set 7 has no destination in Kamailio's list; there are sets 1, 2"));
        Assert.That((await ReadAsync()).Of(new HashSet<int> { 1, 2 }).WhatIsMissing, Is.Null);
        Assert.That((await ReadAsync()).WhatIsMissing, Is.Null);
    }

    private async Task<KamailioListing> ReadAsync() => await KamailioListing.ReadAsync(
        KamailioAddress.TryParse(_kamailio.Address, out var address, out var error) ? address : throw new InvalidOperationException(error),
        new RpcClientOptions { ReplyDirectory = _folder.File("r") },
        "default",
        CancellationToken.None);
}

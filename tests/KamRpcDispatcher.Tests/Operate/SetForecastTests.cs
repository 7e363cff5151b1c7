using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Splits;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>What a dry run says of shares and of proxies.</summary>
public sealed class SetForecastTests
{
    private static readonly ImmutableArray<string> Followed = ["members", IntentsProgress.Kind, SplitsProgress.Kind];
    private static readonly LiveProxy Proxy = new("p1", Views.Status(4) with { Applies = Followed, Splits = new SplitsProgress(40) { HasTable = true } });

    [Test]
    public void Who_is_drained_gets_nothing_and_the_others_what_it_had()
    {
        var forecast = Drained(Views.Of(Four()).With(Proxy), "1/a");

        Assert.That(Text(forecast), Is.EqualTo("a 25.0->0.0 b 25.0->33.3 c 25.0->33.3 d 25.0->33.3"));
        Assert.That(forecast.Proxies, Is.EqualTo(new[] { new ProxyForecast("p1", "disables a") }));
    }

    [Test]
    public void Who_gets_no_calls_anyway_is_not_disabled_again()
    {
        var forecast = Drained(Views.Of(Four()).With(Proxy with { Status = Proxy.Status! with { Deviations = [Views.Off(DeviationKind.Inactive, "a")] } }), "1/a");

        Assert.That(forecast.Proxies.Single().Would, Is.EqualTo("nothing"));
    }

    [TestCase(true, "adds 2 destinations of classes, shares the calls by a new map")]
    [TestCase(false, "has weights as attributes of destinations, which the weighted algorithms alone follow")]
    public void A_weight_takes_classes_where_there_is_a_table(bool hasTable, string would)
    {
        var view = Views.Of(Members.Of("a"), Members.Of("b")).With(Proxy with { Status = Proxy.Status! with { Splits = new SplitsProgress(40) { HasTable = hasTable } } });
        var after = SetForecast.After(view, [(Views.Key("1/a"), new Intent(Views.Key("1/a")) { Weight = 50 })]);
        var forecast = SetForecast.Of(view, 1, IntentsProgress.Kind, (SplitForecast.MembersOf(view, 1), null), (SplitForecast.MembersOf(after, 1), null));

        Assert.That(Text(forecast), Is.EqualTo("a 50.0->33.3 b 50.0->66.7"));
        Assert.That(forecast.Proxies.Single().Would, Is.EqualTo(would));
    }

    [Test]
    public void A_split_takes_calls_from_whom_it_gives_no_share()
    {
        var split = new Split(1, "version", ImmutableSortedDictionary<string, int>.Empty.Add("v1", 1000).Add("v2", 0));
        Member[] members = [Version("a", "v1"), Version("b", "v1"), Version("c", "v2")];
        var view = Views.Of(members).With(Proxy, new LiveProxy("p2", Views.Status(3)), new LiveProxy("p3", null));
        var forecast = SetForecast.Of(view, 1, SplitsProgress.Kind, (members, null), (members, split));

        Assert.That(Text(forecast), Is.EqualTo("a 33.3->50.0 b 33.3->50.0 c 33.3->0.0"));
        Assert.That(forecast.Proxies.Select(static proxy => proxy.Would), Is.EqualTo(new[]
        {
            "disables c, adds 3 destinations of classes, shares the calls by a new map", "nothing: it follows no splits (an older kamrpc, or its role in etcd may not read them)", "not known: its report cannot be read",
        }));
        var back = SetForecast.Of(view, 1, SplitsProgress.Kind, (members, split), (members, null));
        Assert.That(back.Proxies[0].Would, Is.EqualTo("enables c, removes 3 destinations of classes, shares the calls evenly"));
    }

    [Test]
    public void Weights_are_percentages_where_proxies_take_them_so_and_whoever_differs_is_told()
    {
        Member[] members = [Members.Of("a") with { Weight = 25 }, Members.Of("b"), Members.Of("c") with { State = MemberState.Down }];
        var percent = new LiveProxy("p1", Proxy.Status! with { Shares = new ShareReport(ShareReport.Percent) });
        var forecast = Weighed(Views.Of(members).With(percent), "1/a", 40);
        Assert.That((Text(forecast), forecast.Note), Is.EqualTo(("a 25.0->40.0 b 75.0->60.0 c 0.0->0.0", (string?)null)));

        forecast = Weighed(Views.Of(members).With(percent, percent with { Name = "p2" }, Proxy with { Name = "p3" }), "1/a", 40);
        Assert.That((Text(forecast), forecast.Note), Is.EqualTo(("a 25.0->40.0 b 75.0->60.0 c 0.0->0.0", "set 1: p3 has weights relative to each other (--share map), and so has then a 28.6 %, b 71.4 %")));

        forecast = Weighed(Views.Of(members).With(Proxy with { Name = "p3" }, percent), "1/a", 40);
        Assert.That((Text(forecast), forecast.Note), Is.EqualTo(("a 20.0->28.6 b 80.0->71.4 c 0.0->0.0", "set 1: p1 has weights as percentages (--share percent), and so has then a 40.0 %, b 60.0 %")));

        forecast = Drained(Views.Of(Four()).With(Proxy, percent with { Name = "p2" }), "1/a");
        Assert.That(forecast.Note, Is.Null, "without weights it is the same");
    }

    [Test]
    public void Shares_by_attributes_are_not_said_to_be_known()
    {
        var attributes = new LiveProxy("p2", Proxy.Status! with { Shares = new ShareReport(ShareReport.Attributes) });
        Assert.That(Weighed(Views.Of(Members.Of("a"), Members.Of("b")).With(Proxy, attributes), "1/a", 50).Note, Does.StartWith("set 1: p2 has weights as attributes of destinations, which Kamailio's weighted algorithms alone follow: these are not its shares"));
        Assert.That(Drained(Views.Of(Four()).With(attributes), "1/a").Note, Is.Null);
    }

    [TestCase(3)]
    [TestCase(20)]
    public void Who_starts_slowly_has_less_now_and_who_comes_back_begins_with_a_tenth(int others)
    {
        Member[] members = [Members.Of("s") with { SlowStart = TimeSpan.FromSeconds(30) }, .. Enumerable.Range(1, others).Select(static number => Members.Of(FormattableString.Invariant($"m{number:00}")))];
        var slow = Proxy with { Status = Proxy.Status! with { Starting = [new StartingMember(Views.Key("1/s"), 20)] } };
        var forecast = Drained(Views.Of(members).With(slow), "1/m01");
        Assert.That(forecast.Members.Single(static member => member.Name == "s").Before, Is.EqualTo(100 * 0.2 / (others + 0.2)).Within(0.1));
        Assert.That(forecast.Members.Sum(static member => member.Before), Is.EqualTo(100).Within(0.01));
        Assert.That(forecast.Members.Single(static member => member.Name == "s").After, Is.EqualTo(100.0 / others).Within(0.01));
        Assert.That((forecast.Note, forecast.Proxies.Single().Would), Is.EqualTo(("set 1: s starts slowly now: what is said of then is so when that is over", "disables m01")));

        var view = Views.Of(members).With(Proxy).WithDrained("1/s");
        var after = SetForecast.After(view, [(Views.Key("1/s"), null)]);
        forecast = SetForecast.Of(view, 1, IntentsProgress.Kind, (SplitForecast.MembersOf(view, 1), null), (SplitForecast.MembersOf(after, 1), null));
        Assert.That(forecast.Note, Is.EqualTo("set 1: s begins with a tenth of that, and has all of it after 30 s"));
        forecast = SetForecast.Of(view.With(new LiveProxy("p1", Proxy.Status! with { Shares = new ShareReport(ShareReport.Percent) })), 1, IntentsProgress.Kind, (SplitForecast.MembersOf(view, 1), null), (SplitForecast.MembersOf(after, 1), null));
        Assert.That(forecast.Note, Is.Null, "nobody starts slowly there");
    }

    [Test]
    public void Where_a_zone_is_preferred_the_shares_are_said_to_be_others()
    {
        var near = new LiveProxy("p2", Proxy.Status! with { Zone = "eu" });
        Member[] members = [InZone("a", "eu"), InZone("b", "eu"), InZone("c", "us"), Members.Of("d")];

        Assert.That(Drained(Views.Of(members).With(Proxy, near, near with { Name = "p3" }), "1/a").Note, Is.EqualTo("set 1: p2, p3 has members of zone eu first: these are not its shares while enough of those are routable (--zone-min)"));
        Assert.That(Drained(Views.Of(members[2..]).With(near), "1/d").Note, Is.Null, "nobody is in it");
        Assert.That(Drained(Views.Of(members[..2]).With(near), "1/a").Note, Is.Null, "nobody else is ready");
    }

    [Test]
    public void Whoever_is_held_gets_calls_besides_and_is_named()
    {
        var holding = new LiveProxy("p2", Proxy.Status! with { Held = [Members.Of("y"), Members.Of("x"), Members.Of("z", 2)] });
        const string Rest = " after a mass expiry (PANIC), and sends calls there too: these are not its shares until that is over or confirmed";
        var split = new Split(1, "version", ImmutableSortedDictionary<string, int>.Empty.Add("v1", 1000).Add("v2", 0));
        Assert.That(SetForecast.Of(Views.Of(Four()).With(holding), 1, SplitsProgress.Kind, (Four(), null), (Four(), split)).Note, Is.EqualTo("set 1: p2 holds x, y" + Rest + ", and who of them has no value with a share is disabled"));

        Assert.That(Drained(Views.Of(Four()).With(Proxy, holding, holding with { Name = "p3" }), "1/a").Note, Is.EqualTo("set 1: p2, p3 hold x, y" + Rest.Replace("sends", "send", StringComparison.Ordinal)));
        Assert.That(Drained(Views.Of(Four()).With(holding with { Status = holding.Status! with { Held = [Members.Of("z", 2)] } }), "1/a").Note, Is.Null, "it is another set's");
        Assert.That(Drained(Views.Of(Four()).With(holding with { Status = holding.Status! with { Held = [], MoreHeld = 3 } }), "1/a").Note, Is.EqualTo("set 1: p2 holds more members than its report names" + Rest));
    }

    private static Member InZone(string name, string zone) => Members.Of(name) with { Labels = ImmutableSortedDictionary<string, string>.Empty.Add("zone", zone) };

    private static Member[] Four() => [Members.Of("a"), Members.Of("b"), Members.Of("c"), Members.Of("d")];

    private static Member Version(string name, string version) => Members.Of(name) with { Labels = ImmutableSortedDictionary<string, string>.Empty.Add("version", version) };

    private static SetForecast Drained(OperatorView view, string key)
    {
        var after = SetForecast.After(view, [(Views.Key(key), new Intent(Views.Key(key)) { IsDrained = true })]);
        return SetForecast.Of(view, 1, IntentsProgress.Kind, (SplitForecast.MembersOf(view, 1), null), (SplitForecast.MembersOf(after, 1), null));
    }

    private static SetForecast Weighed(OperatorView view, string key, int weight)
    {
        var after = SetForecast.After(view, [(Views.Key(key), new Intent(Views.Key(key)) { Weight = weight })]);
        return SetForecast.Of(view, 1, IntentsProgress.Kind, (SplitForecast.MembersOf(view, 1), null), (SplitForecast.MembersOf(after, 1), null));
    }

    private static string Text(SetForecast forecast) => string.Join(' ', forecast.Members.Select(static member => FormattableString.Invariant($"{member.Name} {member.Before:0.0}->{member.After:0.0}")));
}

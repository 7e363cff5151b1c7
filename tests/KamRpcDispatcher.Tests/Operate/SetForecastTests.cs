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

    private static Member[] Four() => [Members.Of("a"), Members.Of("b"), Members.Of("c"), Members.Of("d")];

    private static Member Version(string name, string version) => Members.Of(name) with { Labels = ImmutableSortedDictionary<string, string>.Empty.Add("version", version) };

    private static SetForecast Drained(OperatorView view, string key)
    {
        var after = SetForecast.After(view, [(Views.Key(key), new Intent(Views.Key(key)) { IsDrained = true })]);
        return SetForecast.Of(view, 1, IntentsProgress.Kind, (SplitForecast.MembersOf(view, 1), null), (SplitForecast.MembersOf(after, 1), null));
    }

    private static string Text(SetForecast forecast) => string.Join(' ', forecast.Members.Select(static member => FormattableString.Invariant($"{member.Name} {member.Before:0.0}->{member.After:0.0}")));
}

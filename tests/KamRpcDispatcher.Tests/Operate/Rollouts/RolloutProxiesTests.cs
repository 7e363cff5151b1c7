using System.Collections.Immutable;
using System.Text;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Waiting;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate.Rollouts;

/// <summary>Which proxies a rollout has to do with.</summary>
public sealed class RolloutProxiesTests
{
    private static readonly OperatorView Two = Views.Of(Members.Of("a")).With(Views.Proxy("p1", 1), Views.Proxy("p2", 1));

    [Test]
    public void Who_reports_and_may_serve_the_set_is_kept_also_when_it_does_not_report_any_more()
    {
        var elsewhere = new LiveProxy("p3", Views.Status(1) with { Serves = [2] });
        var noted = RolloutProxies.Noted(CanaryRollout.Of(), Two.With([.. Two.Proxies, elsewhere, new LiveProxy("p 4", null)]));
        Assert.That(noted.Proxies, Is.EqualTo(Proxies(("p1", 0), ("p2", 0))));

        var left = Two.With(Views.Proxy("p1", 1), Views.Proxy("p5", 1));
        Assert.That(RolloutProxies.Noted(noted, left).Proxies, Is.EqualTo(Proxies(("p1", 0), ("p2", 0), ("p5", 0))));
        Assert.That(RolloutProxies.WhyUnknown(noted, left), Is.EqualTo("p2 reported during this rollout and does not any more: its Kamailio may route as it did then"));
        Assert.That(RolloutProxies.WhyUnknown(noted, Two), Is.Null);
        Assert.That(RolloutProxies.Noted(noted, Two.With(Views.Proxy("p1", 1), elsewhere with { Name = "p2" })).Proxies, Is.EqualTo(Proxies(("p1", 0))), "it says itself that it does not serve the set");
    }

    [Test]
    public void Who_has_left_is_let_go_where_it_was_drained_and_by_force()
    {
        var rollout = CanaryRollout.Of() with { Proxies = Proxies(("p1", 2), ("p2", 1)) };
        var left = Two.With(Views.Proxy("p1", 1));
        var drained = left with { ProxyIntents = new Dictionary<string, StoredIntent> { ["p2"] = new(40, default, new Intent(default) { IsDrained = true }, null) } };

        Assert.That(RolloutProxies.Noted(rollout, drained).Proxies, Is.EqualTo(Proxies(("p1", 2))));
        Assert.That(RolloutProxies.WhyUnknown(rollout, drained), Is.Null);
        Assert.That(RolloutProxies.Noted(rollout, drained.With([.. Two.Proxies])).Proxies, Is.EqualTo(rollout.Proxies), "it reports");
        var forced = RolloutProxies.Noted(rollout, left, letsGo: true);
        Assert.That(forced.Proxies, Is.EqualTo(Proxies(("p1", 2))));
        Assert.That(RolloutProxies.LetGo(rollout, forced, left).Single(), Is.EqualTo("it is not waited for p2, which had step 1 and does not report any more: its Kamailio may still route by it"));
        Assert.That(RolloutProxies.LetGo(rollout, rollout, left), Is.Empty);
    }

    [Test]
    public void Which_step_each_has_is_noted_and_read_again_and_waited_for()
    {
        var rollout = CanaryRollout.Of() with { Proxies = Proxies(("p1", 0), ("p2", 1)) };
        var stepped = RolloutProxies.Stepped(rollout, new AppliedState([new AppliedProxy("p1", [1], null), new AppliedProxy("p2", [1], "its report has ended")], []));
        Assert.That(stepped.Proxies, Is.EqualTo(Proxies(("p1", 2), ("p2", 1))));

        Assert.That(RolloutRecord.TryRead(1, RolloutRecord.Write(stepped), out var read, out var error), Is.True, error);
        Assert.That(read!.Proxies, Is.EqualTo(stepped.Proxies));
        Assert.That(RolloutProxies.TargetOf(read, 60).Expected["p1"], Is.EqualTo("had step 2 and does not report any more: its Kamailio may still route by it"));
    }

    [TestCase("\"proxies\":[]", "proxies: not an object")]
    [TestCase("\"proxies\":{\"p1\":101}", "proxies: 101 is not from 0 to 100")]
    [TestCase("\"proxies\":{\"p 1\":1}", "proxies: ")]
    public void Others_are_not_read(string written, string expected)
    {
        var value = Encoding.UTF8.GetString(RolloutRecord.Write(CanaryRollout.Of() with { Proxies = Proxies(("p1", 1)) })).Replace("\"proxies\":{\"p1\":1}", written, StringComparison.Ordinal);

        Assert.That(RolloutRecord.TryRead(1, Encoding.UTF8.GetBytes(value), out _, out var error), Is.False);
        Assert.That(error, Does.StartWith(expected));
    }

    private static ImmutableSortedDictionary<string, int> Proxies(params (string Name, int Step)[] proxies) =>
        proxies.ToImmutableSortedDictionary(static proxy => proxy.Name, static proxy => proxy.Step, StringComparer.Ordinal);
}

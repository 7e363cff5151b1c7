using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Kubernetes.Api;
using KamRpcDispatcher.Sources.Kubernetes.Merging;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Kubernetes;

/// <summary>The API's own rules: what is not said means ready, as ready is, and not terminating.</summary>
public class EndpointStateTests
{
    [TestCase(null, null, null, MemberState.Ready)]
    [TestCase(true, null, null, MemberState.Ready)]
    [TestCase(true, true, false, MemberState.Ready)]
    [TestCase(null, true, null, MemberState.Ready)]
    [TestCase(false, true, true, MemberState.Draining)]
    [TestCase(null, true, true, MemberState.Draining)]
    [TestCase(false, false, true, MemberState.Down)]
    [TestCase(false, null, true, MemberState.Down)]
    [TestCase(false, false, false, MemberState.Down)]
    [TestCase(false, null, null, MemberState.Down)]
    [TestCase(null, false, null, MemberState.Down)]
    public void Conditions_make_the_state(bool? ready, bool? serving, bool? terminating, MemberState expected)
    {
        var state = EndpointState.Of(new EndpointConditions(ready, serving, terminating));

        Assert.That(state.State, Is.EqualTo(expected));
        Assert.That(state.IsTerminating, Is.EqualTo(terminating == true));
        Assert.That(state.IsOverridden, Is.False);
        Assert.That(state.Reason, expected == MemberState.Ready ? Is.Null : Is.Not.Null);
    }

    [Test]
    public void Without_any_conditions_it_is_ready() => Assert.That(EndpointState.Of(null).State, Is.EqualTo(MemberState.Ready));

    [TestCase(false, false, MemberState.Down)]
    [TestCase(true, true, MemberState.Draining)]
    [TestCase(false, true, MemberState.Down)]
    public void What_is_called_ready_though_it_does_not_serve_or_terminates_is_not_believed(bool serving, bool terminating, MemberState expected)
    {
        var state = EndpointState.Of(new EndpointConditions(true, serving, terminating));

        Assert.That((state.State, state.IsOverridden), Is.EqualTo((expected, true)));
    }
}

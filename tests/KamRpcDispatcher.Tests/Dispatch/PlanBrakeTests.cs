using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Plan;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

public class PlanBrakeTests
{
    private static readonly RemoveDestination Remove = new(1, "sip:a");
    private static readonly DisableDestination Disable = new(1, "sip:a");
    private static readonly ChangePlan RemovePlan = new() { Removes = [Remove] };
    private static readonly ChangePlan DisablePlan = new() { Disables = [Disable] };

    private readonly FakeTimeProvider _clock = new();
    private PlanBrake _brake = null!;

    [SetUp]
    public void SetUp() => _brake = new PlanBrake(_clock);

    [Test]
    public void A_structural_change_without_effect_is_repeated_ever_more_slowly()
    {
        _brake.Hold(RemovePlan, []);
        Assert.That(_brake.Hold(RemovePlan, [Remove]).Removes, Is.Not.Empty, "the list may have been read before it was made");

        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 32, 60, 60 })
        {
            var held = _brake.Hold(RemovePlan, [Remove]);
            Assert.That(held.IsEmpty, $"held for {seconds} s");
            Assert.That(held.Skips.Single().Reason, Is.EqualTo(SkipReason.WithoutEffect));
            Assert.That(held.IsInForce, Is.False);
            _clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.That(_brake.Hold(RemovePlan, []).IsEmpty);
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            Assert.That(_brake.Hold(RemovePlan, []).IsEmpty, Is.False, $"due after {seconds} s");
        }
    }

    [Test]
    public void A_change_that_took_effect_is_forgotten()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.That(_brake.Hold(RemovePlan, []).IsEmpty, Is.False);
            Assert.That(_brake.Hold(new ChangePlan(), [Remove]).Skips, Is.Empty);
        }
    }

    [Test]
    public void A_state_change_without_effect_is_made_again_once_a_second()
    {
        _brake.Hold(DisablePlan, [Disable]);
        for (var i = 0; i < 5; i++)
        {
            Assert.That(_brake.Hold(DisablePlan, [Disable]).IsEmpty);
            _clock.Advance(TimeSpan.FromSeconds(1));
            Assert.That(_brake.Hold(DisablePlan, []).IsEmpty, Is.False);
        }
    }

    [Test]
    public void A_member_that_goes_on_getting_calls_is_not_acknowledged_as_silenced()
    {
        _brake.Hold(DisablePlan, [Disable]);
        Assert.That(_brake.Hold(DisablePlan, [Disable]).OwesSilence, "held back, and still to be silenced");

        _brake.Hold(RemovePlan, [Remove]);
        Assert.That(_brake.Hold(RemovePlan, [Remove]).OwesSilence, Is.False, "what is removed late gets no calls");
    }

    [Test]
    public void A_replacement_is_the_same_in_either_spelling()
    {
        var first = Replacing("sip:a");
        var second = Replacing("sip:a;kamrpc");
        _brake.Hold(new ChangePlan { Replacements = [first] }, []);
        _brake.Hold(new ChangePlan { Replacements = [second] }, first.Changes);

        Assert.That(_brake.Hold(new ChangePlan { Replacements = [first] }, second.Changes).IsEmpty);
    }

    [Test]
    public void What_is_held_holds_up_nobody_else()
    {
        var other = new RemoveDestination(1, "sip:b");
        _brake.Hold(RemovePlan, [Remove]);

        Assert.That(_brake.Hold(new ChangePlan { Removes = [Remove, other] }, [Remove]).Removes, Is.EqualTo(new[] { other }));
    }

    private static Replacement Replacing(string uri) =>
        new(new AddDestination(1, uri, 12, 1, "duid=a;kamrpc=c;x=1"), new EnableDestination(1, uri), [], [new RemoveDestination(1, "sip:b")]);
}

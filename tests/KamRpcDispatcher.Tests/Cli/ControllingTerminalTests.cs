using KamRpcDispatcher.Cli.Host;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class ControllingTerminalTests
{
    private readonly FakeTimeProvider _time = new();
    private bool _isThere = true;

    [Test]
    public void A_signal_that_comes_with_the_loss_is_the_terminals()
    {
        using var terminal = Terminal();
        _time.Advance(100 * ControllingTerminal.PollInterval);
        Assert.That(terminal.IsGone, Is.False);

        _isThere = false;
        Assert.That(terminal.IsGone);
        _time.Advance(ControllingTerminal.PollInterval);
        Assert.That(terminal.IsGone, "a look may fall between the loss and the signal");
    }

    [Test]
    public void A_signal_that_comes_long_after_a_loss_without_one_is_somebodys()
    {
        using var terminal = Terminal();
        _isThere = false;
        _time.Advance(2 * ControllingTerminal.PollInterval);

        Assert.That(terminal.IsGone, Is.False);
    }

    [TestCase(false, false)]
    [TestCase(true, true)]
    public void Who_had_none_or_was_told_to_outlive_it_never_loses_it(bool isThere, bool isHangupIgnored)
    {
        _isThere = isThere;
        using var terminal = Terminal(isHangupIgnored);
        _isThere = false;

        Assert.That(terminal.IsGone, Is.False);
    }

    private ControllingTerminal Terminal(bool isHangupIgnored = false) => new(() => _isThere, isHangupIgnored, _time);
}

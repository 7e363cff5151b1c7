using KamRpcDispatcher.Processes;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Grace;

public class CapabilitiesTests
{
    private const ulong BindService = 1 << 10;
    private const ulong Trace = 1 << 19;

    [TestCase(BindService, 0UL, "CAP_NET_BIND_SERVICE")]
    [TestCase(BindService | 1, 0UL, "CAP_CHOWN CAP_NET_BIND_SERVICE")]
    [TestCase(BindService, BindService, "")]
    [TestCase(0UL, BindService, "")]
    [TestCase(BindService, Trace, "", Description = "who may trace sees everybody")]
    [TestCase(1UL << 40, 0UL, "CAP_CHECKPOINT_RESTORE")]
    public void What_another_process_may_beyond_this_one_is_named(ulong its, ulong own, string missing) => Assert.That(string.Join(' ', Capabilities.Missing(its, own)), Is.EqualTo(missing));

    [Test]
    public void Of_this_process_nothing_is_missing() => Assert.That(Capabilities.Missing(Environment.ProcessId), Is.Empty);
}

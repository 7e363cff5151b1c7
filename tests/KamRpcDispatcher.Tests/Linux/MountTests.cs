using KamRpcDispatcher.Linux;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Linux;

/// <summary>What is mounted where, as <c>/proc/self/mountinfo</c> tells.</summary>
internal sealed class MountTests
{
    private static readonly string[] Lines =
    [
        "27 1 254:0 / / ro,relatime - overlay overlay rw",
        "40 27 0:22 / /run rw,nosuid shared:3 - tmpfs tmpfs rw",
        "41 40 254:0 /volumes/k /run/kamailio rw,relatime shared:1 master:2 - ext4 /dev/vda rw",
        "42 27 0:23 / /mnt/with\\040blank rw - tmpfs tmpfs rw",
        "43 27 0:24 / /twice rw - tmpfs tmpfs rw",
        "44 43 0:25 / /twice rw - xfs /dev/b rw",
        "a line that is none",
    ];

    [TestCase("/run/kamailio/kamailio_rpc.sock", "/run/kamailio", "ext4")]
    [TestCase("/run/kamailio", "/run/kamailio", "ext4")]
    [TestCase("/run/kamailio2/s", "/run", "tmpfs")]
    [TestCase("/var/none", "/", "overlay")]
    [TestCase("/mnt/with blank/s", "/mnt/with blank", "tmpfs")]
    [TestCase("/twice/s", "/twice", "xfs")]
    public void A_path_is_held_by_the_deepest_and_the_last(string path, string point, string kind) =>
        Assert.That(Mount.Of(path, Lines), Is.EqualTo(new Mount(point, kind)));

    [Test]
    public void This_process_has_its_own() => Assert.That(Mount.Of("/proc/self/stat"), Is.EqualTo(new Mount("/proc", "proc")));
}

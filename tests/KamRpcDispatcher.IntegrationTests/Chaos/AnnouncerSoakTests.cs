using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>
/// What an announcer depends on fails in turn, while some of its servers die and come back. An hour of it:
/// <c>KAMRPC_CHAOS=long KAMRPC_CHAOS_MINUTES=60</c>.
/// </summary>
public class AnnouncerSoakTests
{
    private const int Dying = 5;

    /// <summary>What a JIT compiler, buffers and sockets in use may differ by.</summary>
    private const long MoreMemory = 48L * 1024 * 1024;
    private const int MoreDescriptors = 40;

    /// <summary>How much more the last third of many rounds may take than the one before: the heap is as large as the garbage collector likes it.</summary>
    private const double Growth = 1.1;

    [Test]
    public async Task No_live_server_is_ever_out_and_no_dead_one_in_for_longer_than_promised_whatever_fails()
    {
        RealServers.Require("etcd", "etcdctl", "unshare");
        OtherUser.RequireRoot();
        var random = new Random(ChaosSettings.AnnouncedSeed());
        await using var soak = await AnnouncerSoak.StartAsync();
        using var strangers = new TestCertificates();
        var begun = Stopwatch.GetTimestamp();
        (long Memory, int Descriptors)? before = null;
        List<int> dead = [];
        List<long> rounds = [];
        do
        {
            foreach (var (name, isOfEtcd, fail, time, mend) in Failures(soak, strangers))
            {
                TestContext.Out.WriteLine($"{Stopwatch.GetElapsedTime(begun):hh\\:mm\\:ss} {name}");
                soak.SetUsable(!isOfEtcd);
                await fail();
                dead.ForEach(index => soak.SetLive(index, isLive: true));
                dead = [.. Enumerable.Range(0, Dying).Select(_ => random.Next(AnnouncerSoak.Members)).Distinct()];
                dead.ForEach(index => soak.SetLive(index, isLive: false));
                await Task.Delay(time);
                await mend();
                soak.SetUsable(true);
                await soak.SettleAsync();
                before ??= soak.Use();
            }

            rounds.Add(soak.Use().Memory);
            TestContext.Out.WriteLine($"{Stopwatch.GetElapsedTime(begun):hh\\:mm\\:ss} after round {rounds.Count}: {rounds[^1] >> 20} MiB");
        }
        while (ChaosSettings.IsLong && Stopwatch.GetElapsedTime(begun) < ChaosSettings.LongTime);

        var after = soak.Use();
        TestContext.Out.WriteLine($"{soak.Readings} readings; memory {before!.Value.Memory >> 20} to {after.Memory >> 20} MiB, descriptors {before.Value.Descriptors} to {after.Descriptors}");
        Assert.That(after.Memory, Is.LessThan(before.Value.Memory + MoreMemory));
        if (rounds.Count >= 12)
        {
            // The first third is the warming up.
            var (middle, last) = (rounds[(rounds.Count / 3)..(2 * rounds.Count / 3)], rounds[(2 * rounds.Count / 3)..]);
            Assert.That(last.Average(), Is.LessThan(Growth * middle.Average()), "it grows no more");
        }

        Assert.That(after.Descriptors, Is.LessThan(before.Value.Descriptors + MoreDescriptors));
        Assert.That(soak.Readings, Is.GreaterThan(20), "somebody looked");

        soak.Announcer.Signal(UnixSignals.Terminate);
        Assert.That(await soak.Announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero, soak.Announcer.Output);
    }

    private static IEnumerable<(string Name, bool IsOfEtcd, Func<Task> Fail, TimeSpan Time, Func<Task> Mend)> Failures(AnnouncerSoak soak, TestCertificates strangers)
    {
        var (none, second) = (Do(static () => { }), TimeSpan.FromSeconds(1));
        yield return ("name servers are silent", false, Do(() => soak.Dns.Mode = DnsServer.Behaviour.Silence), 4 * second, Do(() => soak.Dns.Mode = DnsServer.Behaviour.Answer));
        yield return ("name servers fail", false, Do(() => soak.Dns.Mode = DnsServer.Behaviour.Fail), 2 * second, Do(() => soak.Dns.Mode = DnsServer.Behaviour.Answer));
        yield return ("etcd is killed", true, Do(soak.Etcd.Kill), second, soak.Etcd.StartAgainAsync);
        yield return ("etcd is frozen", true, Do(soak.Etcd.Pause), 3 * second, Do(soak.Etcd.Resume));
        yield return ("the relay forgets its connections", true, Do(soak.Relay.Swallow), 2 * second, none);
        yield return ("the relay forgets the way back", true, Do(soak.Relay.SwallowAnswers), 2 * second, none);
        var certificate = File.ReadAllBytes(soak.Certificates.Server.CertificateFile);
        var key = File.ReadAllBytes(soak.Certificates.Server.KeyFile);
        yield return ("etcd shows a stranger's certificate", true, Do(() =>
        {
            File.Copy(strangers.Server.CertificateFile, soak.Certificates.Server.CertificateFile, overwrite: true);
            File.Copy(strangers.Server.KeyFile, soak.Certificates.Server.KeyFile, overwrite: true);
            soak.Relay.Swallow();
        }), 3 * second, Do(() =>
        {
            File.WriteAllBytes(soak.Certificates.Server.CertificateFile, certificate);
            File.WriteAllBytes(soak.Certificates.Server.KeyFile, key);
        }));
        yield return ("the file of trusted authorities is damaged", true, Do(() =>
        {
            File.WriteAllText(soak.TrustedFile, "damaged");
            soak.Relay.Swallow();
        }), 2 * second, Do(() => File.Copy(soak.Certificates.AuthorityFile, soak.TrustedFile, overwrite: true)));
    }

    private static Func<Task> Do(Action action) => () =>
    {
        action();
        return Task.CompletedTask;
    };
}

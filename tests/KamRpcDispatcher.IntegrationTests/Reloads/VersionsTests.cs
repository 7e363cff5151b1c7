using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Reloads;

/// <summary>Two versions of kamrpc at once, as while a site is upgraded or taken back: <c>tests/run.sh --package</c> makes the older one.</summary>
[Category("Package")]
public sealed class VersionsTests
{
    private const string Key = "/kamrpc/default/members/1/";

    private static readonly string[] Names = ["a", "b"];

    [Test]
    public async Task They_get_along_member_by_member_and_no_member_leaves_and_no_call_is_lost()
    {
        await using var site = await MixedSite.StartAsync();
        var before = await MembersAsync(site);
        await using var load = SipLoad.Start(site.Kamailio.Sip, 1000, 25, TimeSpan.FromSeconds(1), SipLoadLimits.Endurance);
        await site.OperateAsync(site.Older);

        // Announcers first: newer ones of an older dispatcher's.
        await site.ReloadAsync("a", site.Newer);
        await site.OperateAsync(site.Newer);
        await site.ReloadAsync("b", site.Newer);
        await site.OperateAsync(site.Older);
        await site.DispatchAsync(site.Newer);
        await site.OperateAsync(site.Newer);
        await site.OperateAsync(site.Older);

        // And back: older ones of a newer dispatcher's.
        await site.ReloadAsync("a", site.Older);
        await site.OperateAsync(site.Newer);
        await site.ReloadAsync("b", site.Older);
        await site.OperateAsync(site.Older);
        await site.DispatchAsync(site.Older);
        await site.OperateAsync(site.Newer);

        Assert.That(load.IsRunning, "the calls were over before the changes were");
        var result = await load.EndAsync();
        await TestContext.Out.WriteLineAsync($"{site.OlderVersion} and {site.NewerVersion}: {result.Successful} calls, {result.Failed} failed, {result.Retransmissions} requests sent again");
        Assert.That(result.Failed, Is.Zero, result.Errors);
        Assert.That(await MembersAsync(site), Is.EqualTo(before), "each under its lease, since it was written first");
        Assert.That(site.Removed, Is.Empty, "nor was one away for a moment");
    }

    private static async Task<IReadOnlyList<(string?, long)>> MembersAsync(MixedSite site)
    {
        var members = new List<(string?, long)>();
        foreach (var name in Names)
        {
            members.Add((await site.Etcd.LeaseAsync(Key + name), await site.Etcd.CreateRevisionAsync(Key + name)));
        }

        return members;
    }
}

using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary>A real Kamailio whose config has no table for share maps, as that of an older snippet: what needs it is refused, and all else goes on.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class NoTableTests
{
    private const string Table = """modparam("htable", "htable", "kamrpc_shares=>size=8;")""";
    private const string Pick = "route(KAMRPC_SHARE);";

    [Test]
    public async Task A_split_is_refused_a_weight_is_an_attribute_and_all_else_works()
    {
        using var folder = new TemporaryFolder();
        await using var first = await SipServer.StartAsync();
        await using var second = await SipServer.StartAsync();
        await using var fleet = await Fleet.StartAsync(KamailioOptions.WithLatePings with { ConfigFile = WriteConfig(folder) });
        foreach (var (name, server, version) in new[] { ("a", first, "v1"), ("b", second, "v2") })
        {
            await fleet.PutAsync("1/" + name, $$$"""{"uri":"{{{server.Uri}}}","labels":{"version":"{{{version}}}"}}""");
        }

        await fleet.WaitForListAsync(list => Fleet.IsRoutable(list, first.Uri) && Fleet.IsRoutable(list, second.Uri));
        await fleet.ReportedAsync(2);
        await new Reports(fleet.Store).WaitAsync(static status => status.Sets.TryGetValue(1, out var set) && set.Serving == 2);

        var (exitCode, output, errors) = await RunAsync("split", "1", "version=v1:95", "version=v2:5");
        Assert.That((exitCode, output), Is.EqualTo((4, string.Empty)), errors);
        Assert.That(errors, Does.Contain("refused: the Kamailio of proxy p1 has no table for shares").And.Contain(Table));
        Assert.That(await fleet.Etcd.GetAsync(fleet.Keys.Split(1)), Is.Null.Or.Empty);

        (exitCode, output, errors) = await RunAsync("weight", "a", "10");
        Assert.That(exitCode, Is.Zero, output + errors);
        Assert.That(errors, Does.Contain("the Kamailio of proxy p1 has no table for shares: there weights are attributes of destinations"));
        Assert.That((await fleet.Kamailio.ListAsync()).Where(static entry => entry.Attrs!.Contains("rweight=10", StringComparison.Ordinal)).Select(static entry => (entry.Set, entry.Attrs!.Contains("duid=a", StringComparison.Ordinal))), Is.EqualTo(new[] { (1, true) }));

        (exitCode, output, errors) = await RunAsync("drain", "a");
        Assert.That(exitCode, Is.Zero, output + errors);
        var load = await SipLoad.RunAsync(fleet.Kamailio.Sip, calls: 50, perSecond: 50, TimeSpan.FromMilliseconds(100));
        Assert.That((load.Failed, first.Calls), Is.EqualTo((0, 0)), load.Errors);
        (exitCode, output, errors) = await RunAsync("resume", "a");
        Assert.That(exitCode, Is.Zero, output + errors);

        Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => Kamrpc.RunAsync([.. arguments, "--etcd", fleet.Etcd.Endpoint]);
    }

    private static string WriteConfig(TemporaryFolder folder)
    {
        var source = Path.Combine(RealServers.RepositoryRoot, "kamailio-cfg");
        var snippet = File.ReadAllText(Path.Combine(source, "kamrpc-dispatcher.cfg"));
        Assert.That(snippet, Does.Contain(Table).And.Contain(Pick));
        File.WriteAllText(folder.File("kamrpc-dispatcher.cfg"), snippet.Replace(Table, string.Empty, StringComparison.Ordinal).Replace(Pick, "$avp(kamrpc_class) = 0;", StringComparison.Ordinal));
        File.Copy(Path.Combine(source, "kamailio.cfg"), folder.File("kamailio.cfg"));
        return folder.File("kamailio.cfg");
    }
}

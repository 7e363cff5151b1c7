using System.Diagnostics;
using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>The shares that <see cref="WeightShares"/> tells are those of the 100 slots that a real Kamailio deals out.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class TrueSharesTests
{
    private const string Config = """
        listen=KAMRPC_LISTEN
        disable_tcp=yes
        auto_aliases=no
        children=1
        include_file "{snippet}"
        request_route {
            ds_select_dst("1", KAMRPC_ALG);
            xlog("L_WARN", "chosen <$du>\n");
            send_reply("200", "OK");
        }
        """;

    [TestCase(WeightedAlgorithm.Relative, 60, "50", 0)]
    [TestCase(WeightedAlgorithm.Relative, 30, "1", 0)]
    [TestCase(WeightedAlgorithm.Relative, 101, "50", 0)]
    [TestCase(WeightedAlgorithm.Relative, 12, "1,90,33", 4)]
    [TestCase(WeightedAlgorithm.Percentages, 4, "30,20", 0)]
    [TestCase(WeightedAlgorithm.Percentages, 4, "30,20,5", 2)]
    [TestCase(WeightedAlgorithm.Percentages, 5, "40", 1)]
    public async Task A_hundred_requests_are_shared_as_told(WeightedAlgorithm algorithm, int count, string weights, int disabled)
    {
        RealServers.Require("kamailio");
        using var folder = new TemporaryFolder();
        var config = folder.File("shares.cfg");
        File.WriteAllText(config, Config.Replace("{snippet}", Path.Combine(RealServers.RepositoryRoot, "kamailio-cfg", "kamrpc-dispatcher.cfg"), StringComparison.Ordinal) + "\n");
        var each = weights.Split(',');
        await using var kamailio = await KamailioServer.StartAsync(new KamailioOptions
        {
            ConfigFile = config,
            Algorithm = ((int)algorithm).ToString(CultureInfo.InvariantCulture),
            PingInterval = TimeSpan.Zero,
            ListFileLines = [.. Enumerable.Range(0, count).Select(number => $"1 sip:127.0.5.{number + 1}:5080 0 {number % 7} weight={each[number % each.Length]};rweight={each[number % each.Length]}")],
        });
        for (var number = 0; number < disabled; number++)
        {
            await kamailio.CallAsync("dispatcher.set_state", "d", 1, $"sip:127.0.5.{(number * 2) + 1}:5080");
        }

        var list = await kamailio.ListAsync();
        for (var request = 0; request < 100; request++)
        {
            Assert.That(await SipOptions.AskAsync(kamailio.Sip, TimeSpan.FromSeconds(5), $"request-{request}"), Is.EqualTo(200));
        }

        // Its log is read by another thread.
        for (var begun = Stopwatch.GetTimestamp(); Chosen("") < 100 && Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10);)
        {
            await Task.Delay(20);
        }

        var shares = WeightShares.TrueShares(algorithm, [.. list.Select(static entry => new ListedDestination(
            entry.Set, entry.Uri, entry.Flags[0] == 'D' ? ListedState.Disabled : ListedState.Active, Probing: false, entry.Priority, entry.Attrs ?? string.Empty))]);
        Assert.That(
            list.Select(entry => Chosen($"{entry.Uri}>")),
            Is.EqualTo(shares.Select(static share => share.True)),
            string.Join('\n', list));

        int Chosen(string uri) => kamailio.Output.Split($"chosen <{uri}").Length - 1;
    }
}

using System.Diagnostics;
using System.Text.RegularExpressions;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.IntegrationTests.Shares;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>Looks at an installation until it is as it has to be.</summary>
/// <param name="chaos">What is done to it.</param>
/// <param name="fleet">The installation.</param>
/// <param name="answering">Who of the call set answers calls and stays.</param>
internal sealed partial class ChaosChecks(ChaosFleet chaos, Fleet fleet, IReadOnlyList<string> answering)
{
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private string ClusterPrefix => fleet.Keys.Members[..^"members/".Length];

    /// <summary>Waits until every lease that a crashed member left has ended.</summary>
    public async Task LeasesEndAsync(TimeSpan deadline)
    {
        var begun = Stopwatch.GetTimestamp();
        while (await ReadPairsAsync(fleet.Keys.Members) is not { } pairs || pairs.Any(static pair => pair.Lease != 0))
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(deadline), "leases without a keeper end");
            await Task.Delay(LookInterval);
        }
    }

    /// <summary>Waits until Kamailio has changed nothing in its table for a while.</summary>
    public async Task QuietAsync(TimeSpan quiet)
    {
        var (count, since) = (chaos.Counter.Count, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(since) < quiet)
        {
            await Task.Delay(LookInterval);
            (count, since) = chaos.Counter.Count == count ? (count, since) : (chaos.Counter.Count, Stopwatch.GetTimestamp());
        }
    }

    /// <summary>Waits until Kamailio's list is what etcd and the list file want, and so are its share maps; answers how long it took.</summary>
    public async Task<TimeSpan> ConvergeAsync(TimeSpan deadline, bool leavingMayStay)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            var differences = await DifferencesAsync(leavingMayStay);
            var elapsed = Stopwatch.GetElapsedTime(begun);
            if (differences.Count == 0 && elapsed <= deadline)
            {
                return elapsed;
            }

            if (elapsed > deadline)
            {
                chaos.AssertNothingDied();
                Assert.Fail(
                    $"Not equal to etcd within {deadline.TotalSeconds} s:\n{string.Join('\n', differences)}\n{string.Join('\n', Telling(fleet.Dispatcher.Output, differences).TakeLast(150))}\n" +
                    $"now {DateTimeOffset.UtcNow:O}, {string.Join('\n', await fleet.Kamailio.ListAsync())}");
            }

            await Task.Delay(LookInterval);
        }
    }

    /// <summary>Without the lines that every change writes, unless it is about what differs.</summary>
    private static IEnumerable<string> Telling(string output, IReadOnlyList<string> differences)
    {
        string[] differing = [.. differences.SelectMany(static text => Address().Matches(text)).Select(static match => match.Value).Distinct()];
        return output.Split('\n').Where(line =>
            (!line.Contains("PlanExecutor[200", StringComparison.Ordinal) && !line.Contains("[3006]", StringComparison.Ordinal))
            || Array.Exists(differing, address => line.Contains(address, StringComparison.Ordinal)));
    }

    [GeneratedRegex("sips?:[0-9.:a-z]+")]
    private static partial Regex Address();

    /// <summary>Waits until Kamailio's own probing has found everybody of the call set alive who is, but for whom an operator wants without calls.</summary>
    public async Task RoutableAsync(TimeSpan deadline)
    {
        for (var begun = Stopwatch.GetTimestamp(); await fleet.Kamailio.ListAsync() is var list && !answering.All(uri => IsRoutableOrDrained(list, uri)); await Task.Delay(LookInterval))
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(deadline), $"who answers gets calls again:\n{string.Join('\n', list)}");
        }
    }

    /// <summary>In its set, and in that of its class.</summary>
    private static bool IsRoutableOrDrained(IReadOnlyList<FakeDestination> list, string uri) =>
        list.Where(entry => Spelling.First(entry.Uri) == uri).Select(static entry => entry.Flags[0]).ToList() is { Count: > 0 } flags && flags.TrueForAll(static flag => flag is 'A' or 'D');

    /// <summary>How often Kamailio's script had to try another destination, or had none, since Kamailio's start.</summary>
    public int Failovers() => KamailioLog.Failovers(fleet.Kamailio).Count;

    /// <summary>The URIs of each set in Kamailio's order.</summary>
    public async Task<IReadOnlyList<string>> OrderAsync() =>
        [.. (await fleet.Kamailio.ListAsync()).OrderBy(static entry => entry.Set).Select(static entry => Spelling.First(entry.Uri))];

    /// <summary>Null while etcd does not answer.</summary>
    private async Task<IReadOnlyList<Mvccpb.KeyValue>?> ReadPairsAsync(string prefix)
    {
        var range = new RangeRequest { Key = ByteString.CopyFromUtf8(prefix), RangeEnd = ByteString.CopyFromUtf8(prefix[..^1] + "0") };
        try
        {
            return (await fleet.Store.Keys.RangeAsync(range, EtcdCall.Options(ReadTimeout, CancellationToken.None))).Kvs;
        }
        catch (Exception exception) when (EtcdFailure.IsOutage(exception, CancellationToken.None))
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<string>> DifferencesAsync(bool leavingMayStay)
    {
        if (await ReadPairsAsync(ClusterPrefix) is not { } pairs)
        {
            return ["etcd does not answer"];
        }

        var cluster = new ExpectedCluster(fleet.Keys, [.. pairs.Select(static pair => (pair.Key.ToStringUtf8(), pair.Value.ToStringUtf8()))]);
        try
        {
            var list = await fleet.Kamailio.ListAsync();
            List<SetShares> shares = [.. cluster.Sets.Select(set => cluster.SharesOf(set, list))];
            List<string> differences = [.. ListComparison.Differences(list, cluster.Expand(shares), chaos.Foreign.Expected, leavingMayStay)];
            foreach (var set in shares)
            {
                var map = await ListedMap.OfAsync(fleet.Kamailio, set.Set);
                if (!Counts(map).SequenceEqual(Counts(set.Map)))
                {
                    differences.Add($"set {set.Set}: the map is {map?.ToString() ?? "none"}, not {set.Map?.ToString() ?? "none"}");
                }
            }

            return differences;
        }
        catch (Exception exception) when (exception is System.Net.Sockets.SocketException or TimeoutException)
        {
            return [exception.Message];
        }
    }

    /// <summary>A map of which every slot names the home set is none.</summary>
    private static IEnumerable<KeyValuePair<int, int>> Counts(ShareMap? map) => (map ?? ShareMap.Home).Counts.OrderBy(static count => count.Key);
}

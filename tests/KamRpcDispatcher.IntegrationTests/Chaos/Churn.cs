using System.Diagnostics;
using System.Globalization;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.IntegrationTests.Fleets;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>Members that join, leave, crash, flap, drain and change their weight, version and attributes, as the seed decides.</summary>
/// <param name="fleet">Where.</param>
/// <param name="pool">Keys below the members' prefix, with URIs.</param>
internal sealed class Churn(Fleet fleet, IReadOnlyList<(string Path, string Uri)> pool)
{
    /// <summary>The shortest lease that etcd grants: its holder has crashed when it is granted.</summary>
    private const int CrashTtl = 2;
    private const int LongestPause = 40;

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(1);

    public int Operations { get; private set; }

    /// <summary>Half of the pool at once, then one operation after the other. Members crash in the first half of the time only, since their leases outlive them.</summary>
    public async Task RunAsync(Random random, TimeSpan time)
    {
        var begun = Stopwatch.GetTimestamp();
        foreach (var member in pool.Where(_ => random.Next(2) == 0))
        {
            await TryAsync(() => PutAsync(member, random));
        }

        while (Stopwatch.GetElapsedTime(begun) is var elapsed && elapsed < time)
        {
            var member = pool[random.Next(pool.Count)];
            var kind = random.Next(6);
            await TryAsync(() => kind switch
            {
                0 => DeleteAsync(member),
                1 when elapsed < time / 2 => CrashAsync(member, random),
                2 => FlapAsync(member, random),
                3 => PutAsync(member, random, state: "draining"),
                _ => PutAsync(member, random),
            });
            await Task.Delay(random.Next(LongestPause));
        }
    }

    /// <summary>Everybody leaves.</summary>
    public async Task EmptyAsync()
    {
        foreach (var member in pool)
        {
            await DeleteAsync(member);
        }
    }

    private async Task FlapAsync((string Path, string Uri) member, Random random)
    {
        await DeleteAsync(member);
        await Task.Delay(random.Next(10));
        await PutAsync(member, random);
    }

    private async Task CrashAsync((string Path, string Uri) member, Random random)
    {
        var lease = await fleet.Store.Leases.LeaseGrantAsync(new LeaseGrantRequest { TTL = CrashTtl }, Options());
        await PutAsync(member, random, lease: lease.ID);
    }

    private async Task PutAsync((string Path, string Uri) member, Random random, string state = "ready", long lease = 0)
    {
        // Few values: a record that is put again unchanged has to be nothing.
        var (weight, mark, version) = ((1 + random.Next(3)) * 10, 1 + random.Next(2), 1 + random.Next(2));
        var value = string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"uri":"{{{member.Uri}}}","weight":{{{weight}}},"attrs":{"{{{ExpectedMember.MarkName}}}":"{{{mark}}}"},"labels":{"{{{ExpectedMember.Label}}}":"v{{{version}}}"},"state":"{{{state}}}"}""");
        await fleet.Store.Keys.PutAsync(new PutRequest { Key = Key(member), Value = ByteString.CopyFromUtf8(value), Lease = lease }, Options());
    }

    private async Task DeleteAsync((string Path, string Uri) member) =>
        await fleet.Store.Keys.DeleteRangeAsync(new DeleteRangeRequest { Key = Key(member) }, Options());

    /// <summary>While etcd is away an operation fails, or nobody knows: what counts is what etcd holds at the end.</summary>
    private async Task TryAsync(Func<Task> operation)
    {
        Operations++;
        try
        {
            await operation();
        }
        catch (Exception exception) when (EtcdFailure.IsOutage(exception, CancellationToken.None))
        {
            // See above.
        }
    }

    private ByteString Key((string Path, string Uri) member) => ByteString.CopyFromUtf8(fleet.Keys.Members + member.Path);

    private static CallOptions Options() => EtcdCall.Options(CallTimeout, CancellationToken.None);
}

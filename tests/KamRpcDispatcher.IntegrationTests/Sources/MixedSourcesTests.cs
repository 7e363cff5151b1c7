using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Sources;

/// <summary>Members of etcd and of a file at once, each for sets of its own.</summary>
[Parallelizable]
public sealed class MixedSourcesTests
{
    [Test]
    public async Task Each_source_brings_its_sets_and_nobody_elses_and_one_that_is_away_keeps_the_other_from_nothing()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio", "sipp");
        using var folder = new TemporaryFolder();
        var path = folder.File("members.json");
        Write("x", "y");
        await using var fleet = await Fleet.StartAsync(null, "--source", "etcd", "--source", $"file:{path}=2");
        await fleet.PutUriAsync("1/a", "sip:127.0.0.1:7101");
        await fleet.PutUriAsync("2/stranger", "sip:127.0.0.1:7102");
        await fleet.WaitForListAsync(static list => Called(list, 1) == 1 && Called(list, 2) == 2);

        // What operators wish is in etcd, for all sets.
        await fleet.ReportedAsync(1);
        var (exitCode, _, errors) = await Kamrpc.RunAsync("drain", "a", "--set", "1", "--etcd", fleet.Etcd.Endpoint, "--force");
        Assert.That(exitCode, Is.Zero, errors);
        await fleet.WaitForListAsync(static list => Called(list, 1) == 0 && Called(list, 2) == 2);

        await fleet.Etcd.StopAsync();
        Write("y", "z");
        await fleet.WaitForListAsync(static list => Called(list, 2) == 2 && list.Any(static one => one.Uri == Uri("z")) && list.All(static one => one.Uri != Uri("x")));
        await fleet.Dispatcher.WaitForLineAsync("its set comes from", Fleet.Deadline);

        // Another one renames a file as well as an editor does.
        void Write(params string[] names)
        {
            File.WriteAllText(path + ".new", $$"""{"members":[{{string.Join(',', names.Select(static name => $$"""{"set":2,"name":"{{name}}","uri":"{{Uri(name)}}"}"""))}}]}""");
            File.Move(path + ".new", path, overwrite: true);
        }
    }

    private static string Uri(string name) => $"sip:127.0.0.1:720{name[0] - 'x'}";

    private static int Called(IReadOnlyList<FakeDestination> list, int set) => list.Count(one => one.Set == set && one.Flags[0] == 'A');
}

using System.Diagnostics;
using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>
/// A dispatcher that may not read members any more, as after a mistake with its role, and goes on writing its report: nobody tells it that a member
/// has left. <c>kamrpc status</c> says that it does not follow.
/// </summary>
[Parallelizable]
public sealed class UnfollowedDeletionTests
{
    private const string Members = "/kamrpc/default/members/";

    private TemporaryFolder _folder = null!;
    private SipResponder? _servers;
    private string[] _uris = [];
    private string _password = "";
    private Fleet _fleet = null!;

    [SetUp]
    public async Task StartFleet()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio");
        _folder = new TemporaryFolder();
        _servers = new SipResponder("127.0.57", 2);
        _uris = [.. _servers.Uris];
        _password = await EtcdUsers.WritePasswordAsync(_folder, "secret");
        _fleet = await Fleet.StartAsync(new FleetOptions { Dispatch = ["--etcd-user", "dispatcher", "--etcd-password-file", _password] });
        await EtcdUsers.AddAsync(_fleet.Etcd, "dispatcher", "secret", EtcdUsers.DispatcherPermissions("default", "p1"));
        await EtcdUsers.AddAsync(_fleet.Etcd, "status", "secret", EtcdUsers.StatusPermissions("default"));
        await EtcdUsers.EnableAsync(_fleet.Etcd);
        await _fleet.Etcd.PutAsync(Members + "1/a", Record(0));
        await _fleet.Etcd.PutAsync(Members + "1/b", Record(1));
        await FindAsync(static codes => codes.Length == 0);
    }

    [TearDown]
    public async Task StopFleet()
    {
        await (_fleet?.DisposeAsync() ?? default);
        await StopServersAsync();
        _folder?.Dispose();
    }

    [Test]
    public async Task A_member_that_was_deleted_and_still_gets_calls_is_found_until_the_proxy_follows_again()
    {
        await _fleet.Etcd.AdministerAsync("role", "revoke-permission", "dispatcher", "--prefix=true", Members);
        await _fleet.Etcd.StartAgainAsync();
        await _fleet.Dispatcher.WaitForLineAsync("permission denied", Fleet.Deadline);
        await _fleet.Etcd.DeleteAsync(Members + "1/b");

        var problem = await FindAsync(static codes => codes is ["not-followed"]);
        Assert.That(problem!.Value.GetProperty("proxy").GetString(), Is.EqualTo("p1"));
        Assert.That(Fleet.IsRoutable(await _fleet.Kamailio.ListAsync(), _uris[1]), "it does get calls");

        await _fleet.Etcd.AdministerAsync("role", "grant-permission", "dispatcher", "--prefix=true", "read", Members);
        await FindAsync(static codes => codes.Length == 0);
        await _fleet.WaitForListAsync(list => !Fleet.IsRoutable(list, _uris[1]));
    }

    [Test]
    public async Task One_that_is_followed_is_no_finding_at_any_look()
    {
        for (var round = 0; round < 5; round++)
        {
            await _fleet.Etcd.DeleteAsync(Members + "1/b");
            var (exitCode, output, errors) = await StatusAsync();

            // That it owes the change may be seen, for the moment.
            Assert.That(exitCode, Is.Zero.Or.EqualTo(1), output + errors);
            Assert.That(Codes(output).Except(["drift"]), Is.Empty, output);
            await _fleet.Etcd.PutAsync(Members + "1/b", Record(1));
            await FindAsync(static codes => codes.Length == 0);
        }
    }

    private static IEnumerable<string> Codes(string output) => JsonElement.Parse(output).GetProperty("problems").EnumerateArray().Select(static problem => problem.GetProperty("code").GetString()!);

    private async Task StopServersAsync()
    {
        if (_servers is not null)
        {
            await _servers.DisposeAsync();
            _servers = null;
        }
    }

    private string Record(int server) => $$"""{"uri":"{{_uris[server]}}"}""";

    private Task<(int ExitCode, string Output, string Errors)> StatusAsync() =>
        Kamrpc.RunAsync("status", "-o", "json", "--etcd", _fleet.Etcd.Endpoint, "--etcd-user", "status", "--etcd-password-file", _password);

    private async Task<JsonElement?> FindAsync(Func<string[], bool> isWanted)
    {
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            var looked = Stopwatch.GetElapsedTime(begun);
            var (exitCode, output, errors) = await StatusAsync();
            List<JsonElement> problems = exitCode is 0 or 1 ? [.. JsonElement.Parse(output).GetProperty("problems").EnumerateArray()] : [];
            string[] codes = [.. problems.Select(static problem => problem.GetProperty("code").GetString()!)];
            if (exitCode == (codes.Length == 0 ? 0 : 1) && isWanted(codes))
            {
                return codes.Length == 0 ? null : problems[0];
            }

            Assert.That(looked, Is.LessThan(Fleet.Deadline), output + errors + _fleet.Dispatcher.Output);
        }
    }
}

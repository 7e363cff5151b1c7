using System.Collections.Immutable;
using System.Security.Cryptography;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>A real etcd with TLS, users with the roles that the README tells to make, and tokens that expire after two seconds.</summary>
[Parallelizable]
public class EtcdUsersTests
{
    private const string Members = "/kamrpc/default/members/";

    private readonly List<ServerProcess> _processes = [];
    private TestCertificates _certificates = null!;
    private TemporaryFolder _folder = null!;
    private EtcdServer _etcd = null!;
    private string _password = "";

    [OneTimeSetUp]
    public async Task StartEtcd()
    {
        RealServers.Require("etcd", "etcdctl");
        _certificates = new TestCertificates();
        _folder = new TemporaryFolder();
        using (var key = RSA.Create(2048))
        {
            await File.WriteAllTextAsync(_folder.File("token.key"), key.ExportRSAPrivateKeyPem());
            await File.WriteAllTextAsync(_folder.File("token.pem"), key.ExportSubjectPublicKeyInfoPem());
        }

        _etcd = await EtcdServer.StartAsync(new EtcdOptionSet
        {
            Certificates = _certificates,
            RequiresClientCertificate = true,
            ExtraArguments = ["--auth-token", $"jwt,pub-key={_folder.File("token.pem")},priv-key={_folder.File("token.key")},sign-method=RS256,ttl=2s"],
        });
        await EtcdUsers.EnableAsync(_etcd);
        await EtcdUsers.AddAsync(_etcd, "announcer", "secret", EtcdUsers.AnnouncerPermissions("default", 1));
        await EtcdUsers.AddAsync(_etcd, "dispatcher", "secret", EtcdUsers.DispatcherPermissions("default", "p1"));
        await EtcdUsers.AddAsync(_etcd, "status", "secret", EtcdUsers.StatusPermissions("default"));
        _password = await EtcdUsers.WritePasswordAsync(_folder, "secret");
    }

    [TearDown]
    public async Task StopProcesses()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _processes.Clear();
    }

    [OneTimeTearDown]
    public async Task StopEtcd()
    {
        await (_etcd?.DisposeAsync() ?? default);
        _certificates?.Dispose();
        _folder?.Dispose();
    }

    [Test]
    public async Task With_the_least_role_an_announcer_announces_renews_beyond_its_tokens_and_withdraws_and_a_dispatcher_follows_and_reports()
    {
        using var store = new EtcdConnection(Connection("dispatcher"), TimeProvider.System);
        var keys = new EtcdKeys("default");
        var watch = new MembershipWatch(store, keys, TimeProvider.System, NullLogger<MembershipWatch>.Instance);
        var report = new ProxyReport(store, keys, "p1", static () => ProxyIdentity.Here("jsonrpc+unix:/run/x", null), TimeSpan.FromSeconds(5), TimeProvider.System, NullLogger<ProxyReport>.Instance);
        using var stop = new CancellationTokenSource();
        using var changes = new SemaphoreSlim(0);
        var following = watch.RunAsync(() => changes.Release(), stop.Token);
        report.Report(new ProxyStatus(1, DateTimeOffset.UtcNow, "5.6", 0, ImmutableSortedDictionary<int, SetStatus>.Empty));
        var reporting = report.RunAsync(static _ => { }, stop.Token);
        var announcer = Announce("announcer", _password, "--name", "a");
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);
        await WaitAsync(static membership => Has(membership));
        var created = await _etcd.CreateRevisionAsync(Members + "1/a");

        // Over three lifetimes of a token, and more than the TTL.
        await Task.Delay(TimeSpan.FromSeconds(6.5));
        await _etcd.WaitForRenewalAsync(Members + "1/a");
        await _etcd.WaitForRenewalAsync("/kamrpc/default/proxies/p1");
        Assert.That(await _etcd.CreateRevisionAsync(Members + "1/a"), Is.EqualTo(created));

        // The watch has to be opened anew, with a token that is no longer valid.
        await _etcd.StopAsync();
        await _etcd.StartAgainAsync();
        announcer.Signal(UnixSignals.Terminate);
        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero, announcer.Output);
        await WaitAsync(static membership => !Has(membership));
        Assert.That(await _etcd.GetAsync(Members + "1/a"), Is.Null);
        Assert.That(watch.Current!.Expired.Where(static expired => expired.Member.Key.Name == "a"), Is.Empty, "it withdrew");

        await stop.CancelAsync();
        await Task.WhenAll(following, reporting).ContinueWith(static _ => { }, TaskScheduler.Default);
        Assert.That(await _etcd.GetAsync("/kamrpc/default/proxies/p1"), Is.Null);

        static bool Has(Membership? membership) => membership is not null && membership.Members.Any(static member => member.Key.Name == "a");

        async Task WaitAsync(Func<Membership?, bool> condition)
        {
            while (!condition(watch.Current))
            {
                Assert.That(await changes.WaitAsync(Fleet.Deadline), "in time");
            }
        }
    }

    [Test]
    public async Task What_is_not_its_own_an_announcer_may_not_write_and_says_which_key()
    {
        const string Theirs = """{"uri":"sip:10.0.0.2"}""";
        await _etcd.PutAsync(Members + "2/b", Theirs);

        var refused = await Announce("announcer", _password, "--name", "b", "--set", "2").WaitForLineAsync("cannot be kept alive", Fleet.Deadline);

        Assert.That(refused, Does.Contain(Members + "2/b").And.Contain("permission denied").And.Contain("etcdctl role grant-permission"));
        Assert.That(await _etcd.GetAsync(Members + "2/b"), Is.EqualTo(Theirs));
    }

    [Test]
    public async Task Status_and_doctor_answer_with_their_users_over_TLS()
    {
        var (exitCode, output, errors) = await KamrpcAsync("status", "status");
        Assert.That((exitCode, errors), Is.EqualTo((1, string.Empty)), output);
        Assert.That(output, Does.Contain("no proxy reports"));

        (_, output, _) = await KamrpcAsync("doctor", "status", "--kamailio", $"jsonrpc+unix:{_folder.File("none.sock")}");
        foreach (var check in new[] { "etcd.reachable", "etcd.version", "etcd.health", "etcd.clock", "etcd.host-names", "etcd.proxy-names" })
        {
            Assert.That(output.Split('\n').Single(line => line.Contains(check, StringComparison.Ordinal)), Does.StartWith("OK"), output);
        }
    }

    [Test]
    public async Task A_wrong_password_is_told_and_a_corrected_file_is_read()
    {
        using var folder = new TemporaryFolder();
        var password = await EtcdUsers.WritePasswordAsync(folder, "wrong");
        var announcer = Announce("announcer", password, "--name", "w");

        var refused = await announcer.WaitForLineAsync("cannot be kept alive", Fleet.Deadline);
        Assert.That(refused, Does.Contain("authentication failed").And.Contain("'announcer'").And.Not.Contain("wrong"));

        await EtcdUsers.WritePasswordAsync(folder, "secret");
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);
    }

    [Test]
    public async Task Files_that_are_bad_at_the_moment_do_no_harm()
    {
        using var folder = new TemporaryFolder();
        var (certificate, key) = _certificates.Issue("rotated");
        File.Copy(_certificates.AuthorityFile, folder.File("ca.pem"));
        File.Copy(certificate, folder.File("own.pem"));
        var announcer = Start("announce", "--probe", "none", "--etcd", _etcd.Endpoint, "--etcd-ca", folder.File("ca.pem"), "--etcd-cert", folder.File("own.pem"), "--etcd-key", key, "--etcd-user", "announcer", "--etcd-password-file", _password, "--uri", "sip:10.0.0.1", "--name", "r");
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);

        await File.WriteAllTextAsync(folder.File("ca.pem"), "half of a cert");
        _etcd.Kill();
        await _etcd.StartAgainAsync();
        await announcer.WaitForLineAsync("Going on with what it held before", Fleet.Deadline);

        // Back so soon that nothing may have been missed.
        await _etcd.WaitForRenewalAsync(Members + "1/r");
    }

    [Test]
    public async Task Authentication_that_is_switched_on_and_a_password_that_is_changed_are_lived_through()
    {
        using var folder = new TemporaryFolder();
        var password = await EtcdUsers.WritePasswordAsync(folder, "secret");
        await using var etcd = await EtcdServer.StartAsync();
        var announcer = Start("announce", "--probe", "none", "--etcd", etcd.Endpoint, "--etcd-user", "announcer", "--etcd-password-file", password, "--uri", "sip:10.0.0.1", "--name", "a");
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);
        var created = await etcd.CreateRevisionAsync(Members + "1/a");

        await EtcdUsers.AddAsync(etcd, "announcer", "secret", EtcdUsers.AnnouncerPermissions("default", 1));
        await EtcdUsers.EnableAsync(etcd);
        await etcd.WaitForRenewalAsync(Members + "1/a");
        await etcd.PassAsync("another", "user", "passwd", "announcer", "--interactive=false");
        await EtcdUsers.WritePasswordAsync(folder, "another");
        await etcd.WaitForRenewalAsync(Members + "1/a");
        await etcd.AdministerAsync("auth", "disable");
        await etcd.WaitForRenewalAsync(Members + "1/a");

        Assert.That(await etcd.CreateRevisionAsync(Members + "1/a"), Is.EqualTo(created));
        announcer.Signal(UnixSignals.Terminate);
        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero, announcer.Output);
    }

    private EtcdOptions Connection(string user)
    {
        var (certificate, key) = _certificates.Issue("client-" + user);
        Assert.That(EtcdEndpoints.TryParse(_etcd.Endpoint, out var endpoints, out var error), error);
        return new EtcdOptions(endpoints!) { CertificateAuthorityFile = _certificates.AuthorityFile, CertificateFile = certificate, KeyFile = key, User = user, PasswordFile = _password };
    }

    private string[] Options(string user, string password)
    {
        var connection = Connection(user);
        return ["--etcd", _etcd.Endpoint, "--etcd-ca", connection.CertificateAuthorityFile!, "--etcd-cert", connection.CertificateFile!, "--etcd-key", connection.KeyFile!, "--etcd-user", user, "--etcd-password-file", password];
    }

    private ServerProcess Announce(string user, string password, params string[] options) => Start(["announce", "--probe", "none", "--uri", "sip:10.0.0.1", .. Options(user, password), .. options]);

    private Task<(int ExitCode, string Output, string Errors)> KamrpcAsync(string command, string user, params string[] options) =>
        Kamrpc.RunAsync([command, .. Options(user, _password), .. options]);

    private ServerProcess Start(params string[] arguments)
    {
        var process = ServerProcess.Start(KamrpcProgram.File, [.. KamrpcProgram.Prefix, .. arguments]);
        _processes.Add(process);
        return process;
    }
}

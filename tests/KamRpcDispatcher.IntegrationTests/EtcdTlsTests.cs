using System.Security.Cryptography;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>Certificates of every kind against a real etcd, and etcdctl beside kamrpc: what the one accepts the other does.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class EtcdTlsTests : IDisposable
{
    private const int Runs = 3;

    private static readonly CertificateKind Root = new("root") { IsAuthority = true };
    private static readonly CertificateKind Between = new("between") { IsAuthority = true };
    private static readonly CertificateKind Server = new("server") { Hosts = ["localhost", "127.0.0.1"], Usages = [CertificateKind.ForServers, CertificateKind.ForClients] };
    private static readonly CertificateKind Client = new("client") { Usages = [CertificateKind.ForClients] };

    private readonly TestPki _pki = new();
    private readonly TemporaryFolder _folder = new();

    [SetUp]
    public void RequireEtcd() => RealServers.Require("etcd", "etcdctl");

    public void Dispose()
    {
        _pki.Dispose();
        _folder.Dispose();
    }

    public static IEnumerable<TestCaseData> ServerCertificates()
    {
        yield return Case("its own authority", pki =>
        {
            var server = pki.Issue(Server);
            return new Setup([server], [server]);
        });
        yield return Case("of an authority", static pki => Of(pki, pki.Issue(Root), Server));
        yield return Case("RSA, of an RSA authority", static pki => Of(pki, pki.Issue(Root with { RsaBits = 2048 }), Server with { RsaBits = 2048 }));
        yield return Case("RSA, of an EC authority", static pki => Of(pki, pki.Issue(Root with { Curve = ECCurve.NamedCurves.nistP384 }), Server with { RsaBits = 3072 }));
        yield return Case("EC on a large curve, of an RSA authority", static pki => Of(pki, pki.Issue(Root with { RsaBits = 4096 }), Server with { Curve = ECCurve.NamedCurves.nistP521, Hash = HashAlgorithmName.SHA512 }));
        yield return Case("a short RSA key", static pki => Of(pki, pki.Issue(Root), Server with { RsaBits = 1024 }));
        yield return Case("without usages", static pki => Of(pki, pki.Issue(Root), Server with { Usages = [] }));
        yield return Case("by name", static pki => Of(pki, pki.Issue(Root), Server with { Hosts = ["localhost"] }) with { Host = "localhost" });
        yield return Case("an authority between, sent by the server", static pki =>
        {
            var root = pki.Issue(Root);
            var between = pki.Issue(Between, root);
            return new Setup([pki.Issue(Server, between), between], [root]);
        });
        yield return Case("two authorities between, sent by the server in the wrong order", static pki =>
        {
            var root = pki.Issue(Root);
            var upper = pki.Issue(Between with { Name = "upper" }, root);
            var lower = pki.Issue(Between with { Name = "lower" }, upper);
            return new Setup([pki.Issue(Server, lower), upper, lower], [root]);
        });
        yield return Case("an authority between, in the file", static pki =>
        {
            var root = pki.Issue(Root);
            var between = pki.Issue(Between, root);
            return new Setup([pki.Issue(Server, between)], [root, between]);
        });
        yield return Case("an authority between, alone in the file", static pki =>
        {
            var between = pki.Issue(Between, pki.Issue(Root));
            return new Setup([pki.Issue(Server, between)], [between]);
        });
        yield return Case("the server's own, of an authority that is not there", static pki =>
        {
            var server = pki.Issue(Server, pki.Issue(Root));
            return new Setup([server], [server]);
        });
        yield return Case("others in the file too", static pki => Of(pki, pki.Issue(Root), Server) is var setup ? setup with { Trusted = [pki.Issue(Root with { Name = "other" }), .. setup.Trusted] } : setup);

        yield return Case("an authority between that is nowhere", static pki =>
        {
            var root = pki.Issue(Root);
            return new Setup([pki.Issue(Server, pki.Issue(Between, root))], [root]);
        }, "was issued by 'CN=between', which is not in the file of --etcd-ca");
        yield return Case("of another authority", static pki => Of(pki, pki.Issue(Root), Server) with { Trusted = [pki.Issue(Root with { Name = "other" })] }, "was issued by 'CN=root', which is not in the file of --etcd-ca");
        yield return Case("of another authority of the same name", static pki => Of(pki, pki.Issue(Root), Server) with { Trusted = [pki.Issue(Root)] }, "its certificate was issued by|is not to be trusted");
        yield return Case("for another name", static pki => Of(pki, pki.Issue(Root), Server with { Hosts = ["etcd.test", "10.0.0.1"] }), "its certificate is for etcd.test, 10.0.0.1, not for '127.0.0.1'");
        yield return Case("for the address, and used by name", static pki => Of(pki, pki.Issue(Root), Server with { Hosts = ["127.0.0.1"] }) with { Host = "localhost" }, "its certificate is for 127.0.0.1, not for 'localhost'");
        yield return Case("for the name, and used by address", static pki => Of(pki, pki.Issue(Root), Server with { Hosts = ["localhost"] }), "its certificate is for localhost, not for '127.0.0.1'");
        yield return Case("a common name alone", static pki => Of(pki, pki.Issue(Root), Server with { Name = "localhost", Hosts = [] }) with { Host = "localhost" }, "a common name alone does not count");
        yield return Case("expired", static pki => Of(pki, pki.Issue(Root with { FromDay = -9 }), Server with { FromDay = -8, ToDay = -1 }), "the certificate of 'CN=server' has expired at");
        yield return Case("not valid yet", static pki => Of(pki, pki.Issue(Root), Server with { FromDay = 1 }), "the certificate of 'CN=server' is not valid before");
        yield return Case("of an authority that has expired", static pki => Of(pki, pki.Issue(Root with { FromDay = -9, ToDay = -1 }), Server), "the certificate of 'CN=root' has expired at");
        yield return Case("not for servers", static pki => Of(pki, pki.Issue(Root), Server with { Usages = [CertificateKind.ForClients] }), "is not for servers");
        yield return Case("of one that is no authority", static pki =>
        {
            var root = pki.Issue(Root);
            var other = pki.Issue(Server with { Name = "other" }, root);
            return new Setup([pki.Issue(Server, other), other], [root]);
        }, "is not to be trusted");
    }

    public static IEnumerable<TestCaseData> ClientCertificates()
    {
        yield return ClientCase("EC", static (pki, root) => (pki.Issue(Client, root), []));
        yield return ClientCase("RSA", static (pki, root) => (pki.Issue(Client with { RsaBits = 2048 }, root), []));
        yield return ClientCase("EC, an older form of key", static (pki, root) => (pki.Issue(Client, root), []), isOldForm: true);
        yield return ClientCase("RSA, an older form of key", static (pki, root) => (pki.Issue(Client with { RsaBits = 2048 }, root), []), isOldForm: true);
        yield return ClientCase("an authority between, in the file", static (pki, root) =>
        {
            var between = pki.Issue(Between, root);
            return (pki.Issue(Client, between), [between]);
        });
        yield return ClientCase("none", static (_, _) => (null, []), refusal: "--etcd-cert and --etcd-key");
        yield return ClientCase("an authority between that is nowhere", static (pki, root) => (pki.Issue(Client, pki.Issue(Between, root)), []), refusal: "--etcd-cert and --etcd-key");
        yield return ClientCase("of another authority", static (pki, _) => (pki.Issue(Client, pki.Issue(Root with { Name = "other" })), []), refusal: "--etcd-cert and --etcd-key");
        yield return ClientCase("expired", static (pki, root) => (pki.Issue(Client with { FromDay = -1, ToDay = 0 }, root), []), refusal: "--etcd-cert and --etcd-key");
        yield return ClientCase("not for clients", static (pki, root) => (pki.Issue(Client with { Usages = [CertificateKind.ForServers] }, root), []), refusal: "--etcd-cert and --etcd-key");
    }

    [TestCaseSource(nameof(ServerCertificates))]
    public async Task What_etcdctl_accepts_of_a_server_is_accepted_and_what_it_refuses_is_refused_in_plain_words(Func<TestPki, Setup> make, string? refusal)
    {
        var setup = make(_pki);
        var (process, port) = await StartAsync("https", ["--cert-file", _pki.Write(setup.Chain), "--key-file", _pki.WriteKey(setup.Chain[0])]);
        await using (process)
        {
            await CompareAsync($"https://{setup.Host}:{port}", _pki.Write(setup.Trusted), null, refusal);
        }
    }

    [TestCaseSource(nameof(ClientCertificates))]
    public async Task What_etcdctl_can_show_to_a_server_that_wants_a_certificate_can_be_shown(Func<TestPki, Issued, (Issued? Client, Issued[] Chain)> make, bool isOldForm, string? refusal)
    {
        var root = _pki.Issue(Root);
        var server = _pki.Issue(Server, root);
        var (client, chain) = make(_pki, root);
        var (process, port) = await StartAsync("https", ["--cert-file", _pki.Write(server), "--key-file", _pki.WriteKey(server), "--client-cert-auth", "--trusted-ca-file", _pki.Write(root)]);
        await using (process)
        {
            await CompareAsync($"https://127.0.0.1:{port}", _pki.Write(root), client is null ? null : (_pki.Write([client, .. chain]), _pki.WriteKey(client, isOldForm)), refusal);
        }
    }

    [Test]
    public async Task An_endpoint_with_TLS_that_is_spoken_to_without_is_told_and_the_reverse()
    {
        var server = _pki.Issue(Server);
        var (secure, securePort) = await StartAsync("https", ["--cert-file", _pki.Write(server), "--key-file", _pki.WriteKey(server)]);
        await using (secure)
        {
            var (exitCode, _, errors) = await StatusAsync("--etcd", $"http://127.0.0.1:{securePort}");
            Assert.That((exitCode, errors), Is.EqualTo((3, errors)));
            Assert.That(errors, Does.Contain("this endpoint speaks TLS: write https:// before it"));
        }

        var (plain, plainPort) = await StartAsync("http", []);
        await using (plain)
        {
            var (exitCode, _, errors) = await StatusAsync("--etcd", $"https://127.0.0.1:{plainPort}");
            Assert.That((exitCode, errors), Is.EqualTo((3, errors)));
            Assert.That(errors, Does.Contain("this endpoint does not speak TLS: write http:// before it"));
        }
    }

    private static TestCaseData Case(string name, Func<TestPki, Setup> make, string? refusal = null) => new TestCaseData(make, refusal).SetArgDisplayNames(name);

    private static TestCaseData ClientCase(string name, Func<TestPki, Issued, (Issued? Client, Issued[] Chain)> make, bool isOldForm = false, string? refusal = null) =>
        new TestCaseData(make, isOldForm, refusal).SetArgDisplayNames(name);

    private static Setup Of(TestPki pki, Issued root, CertificateKind server) => new([pki.Issue(server, root)], [root]);

    private static async Task CompareAsync(string endpoint, string authorities, (string Certificate, string Key)? own, string? refusal)
    {
        var control = ServerProcess.Start("env",
        [
            "ETCDCTL_API=3", "etcdctl", "--endpoints", endpoint, "--cacert", authorities, "--dial-timeout", "3s", "--command-timeout", "3s",
            .. own is { } shown ? (string[])["--cert", shown.Certificate, "--key", shown.Key] : [], "get", "x",
        ]);
        await using (control)
        {
            var accepted = await control.Exited.WaitAsync(Fleet.Deadline) == 0;
            await control.Gone;
            Assert.That(accepted, Is.EqualTo(refusal is null), "etcdctl: " + control.Output);
        }

        var (exitCode, output, errors) = await StatusAsync(
            ["--etcd", endpoint, "--etcd-ca", authorities, .. own is { } given ? (string[])["--etcd-cert", given.Certificate, "--etcd-key", given.Key] : []]);
        if (refusal is null)
        {
            Assert.That((exitCode, errors), Is.EqualTo((1, string.Empty)), output);
        }
        else
        {
            Assert.That((exitCode, output), Is.EqualTo((3, string.Empty)), errors);
            Assert.That(refusal.Split('|').Any(words => errors.Contains(words, StringComparison.Ordinal)), errors);
        }
    }

    /// <summary>A call has two seconds, in which a busy machine may not come to the handshake: then nothing is told but that.</summary>
    private static async Task<(int ExitCode, string Output, string Errors)> StatusAsync(params string[] options)
    {
        for (var run = 1; ; run++)
        {
            var said = await Kamrpc.RunAsync(["status", .. options]);
            if (run == Runs || !said.Errors.Contains("nothing within", StringComparison.Ordinal))
            {
                return said;
            }
        }
    }

    private async Task<(ServerProcess Process, int Port)> StartAsync(string scheme, string[] arguments)
    {
        var port = RealServers.FreePort();
        var peer = $"http://127.0.0.1:{RealServers.FreePort()}";
        var process = ServerProcess.Start("etcd",
        [
            "--name", "tls", "--data-dir", _folder.File($"data{port}"), "--logger", "zap", "--listen-client-urls", $"{scheme}://127.0.0.1:{port}", "--advertise-client-urls", $"{scheme}://127.0.0.1:{port}",
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"tls={peer}", .. arguments,
        ]);
        await process.WaitForLineAsync(scheme == "http" ? "serving client traffic insecurely" : "serving client traffic securely", Fleet.Deadline);
        return (process, port);
    }

    /// <param name="Chain">What the server sends, its own certificate first.</param>
    /// <param name="Trusted">The file of authorities.</param>
    public sealed record Setup(Issued[] Chain, Issued[] Trusted)
    {
        /// <summary>By what it is reached.</summary>
        public string Host { get; init; } = "127.0.0.1";
    }
}

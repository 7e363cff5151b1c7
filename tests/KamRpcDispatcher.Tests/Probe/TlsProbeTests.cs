using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Probe;
using KamRpcDispatcher.Probe.Sip;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Probe;

public sealed class TlsProbeTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly ProbeOutcome Ok = new(ProbeVerdict.Alive, "200 OK");

    private ObservedTime _time;
    private StreamPeer _peer;
    private TemporaryFolder _folder;

    [SetUp]
    public void Open()
    {
        _time = new ObservedTime();
        _peer = new StreamPeer();
        _folder = new TemporaryFolder();
    }

    [TearDown]
    public void Close()
    {
        _peer.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task A_certificate_that_nobody_signed_does_not_matter_without_a_CA_file()
    {
        using var certificate = Certificate("other.example.org");

        Assert.That(await LookAsync("127.0.0.1", certificate, caFile: null), Is.EqualTo(Ok));
    }

    [TestCase("localhost", "localhost")]
    [TestCase("127.0.0.1", "127.0.0.1")]
    public async Task With_a_CA_file_a_certificate_of_the_CA_for_the_host_is_good(string host, string name)
    {
        using var certificate = Certificate(name);

        Assert.That(await LookAsync(host, certificate, CaFile(certificate)), Is.EqualTo(Ok));
    }

    [TestCase("localhost", "other.example.org")]
    [TestCase("127.0.0.1", "127.0.0.2")]
    [TestCase("127.0.0.1", "localhost")]
    public async Task With_a_CA_file_a_certificate_for_another_host_is_not(string host, string name)
    {
        using var certificate = Certificate(name);

        var outcome = await LookAsync(host, certificate, CaFile(certificate));

        Assert.That(outcome, Is.EqualTo(new ProbeOutcome(ProbeVerdict.Dead, $"the TLS handshake failed: the certificate is not for '{host}'")));
    }

    [Test]
    public async Task With_a_CA_file_a_certificate_of_somebody_else_is_not()
    {
        using var certificate = Certificate("localhost");
        using var other = Certificate("localhost");

        var outcome = await LookAsync("localhost", certificate, CaFile(other));

        Assert.That(outcome.Verdict, Is.EqualTo(ProbeVerdict.Dead));
        Assert.That(outcome.Reason, Does.StartWith("the TLS handshake failed: the certificate is not trusted: "));
    }

    [TestCase("localhost", "localhost")]
    [TestCase("127.0.0.1", "")]
    public async Task A_host_name_is_sent_and_an_address_is_not(string host, string expected)
    {
        using var certificate = Certificate("localhost");
        string? sent = null;
        var tls = new SslServerAuthenticationOptions
        {
            ServerCertificateSelectionCallback = (_, name) =>
            {
                sent = name ?? string.Empty;
                return certificate;
            },
        };

        Assert.That(await LookAsync(host, tls, caFile: null), Is.EqualTo(Ok));
        Assert.That(sent, Is.EqualTo(expected));
    }

    [Test]
    public async Task The_connection_is_kept()
    {
        using var certificate = Certificate("localhost");
        await using var probe = Probe("127.0.0.1", null);
        Task<ProbeOutcome> Look() => probe.ProbeAsync(CancellationToken.None);

        var looking = Look();
        await _peer.AcceptAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate });
        await _peer.AnswerAsync("200 OK");
        await looking.WaitAsync(Deadline);
        looking = Look();
        await _peer.AnswerAsync("200 OK");

        Assert.That(await looking.WaitAsync(Deadline), Is.EqualTo(Ok));
    }

    [Test]
    public async Task A_server_without_TLS_is_dead()
    {
        await using var probe = Probe("127.0.0.1", null);
        var looking = probe.ProbeAsync(CancellationToken.None);
        await _peer.AcceptAsync();
        await _peer.SendAsync("SIP/2.0 400 Bad Request\r\n\r\n");

        var outcome = await looking.WaitAsync(Deadline);
        Assert.That(outcome.Verdict, Is.EqualTo(ProbeVerdict.Dead));
        Assert.That(outcome.Reason, Does.StartWith("the TLS handshake failed: "));
    }

    [Test]
    public async Task A_handshake_that_does_not_come_is_dead_at_the_timeout()
    {
        await using var probe = Probe("127.0.0.1", null);
        var looking = probe.ProbeAsync(CancellationToken.None);
        await _peer.AcceptAsync();

        // The first bytes of the handshake: the connection is there.
        await _peer.Stream.ReadExactlyAsync(new byte[8]).AsTask().WaitAsync(Deadline);
        _time.Advance(TimeSpan.FromMilliseconds(500));

        Assert.That((await looking.WaitAsync(Deadline)).Reason, Is.EqualTo("no TLS handshake within 500ms"));
    }

    [Test]
    public async Task A_CA_file_is_read_anew_and_missed_only_at_the_start()
    {
        using var first = Certificate("localhost");
        using var second = Certificate("localhost");
        var caFile = CaFile(first);
        await using var probe = Probe("localhost", caFile);
        Assert.That(await LookAsync(probe, new SslServerAuthenticationOptions { ServerCertificate = first }), Is.EqualTo(Ok));

        File.Delete(caFile);
        await _peer.Stream.DisposeAsync();
        Assert.That(await LookAsync(probe, new SslServerAuthenticationOptions { ServerCertificate = first }), Is.EqualTo(Ok));

        await File.WriteAllTextAsync(caFile, second.ExportCertificatePem());
        await _peer.Stream.DisposeAsync();
        Assert.That(await LookAsync(probe, new SslServerAuthenticationOptions { ServerCertificate = second }), Is.EqualTo(Ok));

        File.Delete(caFile);
        Assert.That(() => Probe("localhost", caFile), Throws.ArgumentException.With.Message.Contains(caFile));
    }

    [Test]
    public async Task A_server_that_asks_for_a_certificate_gets_the_one_that_the_files_hold_now()
    {
        using var certificates = new TestCertificates();
        var (certificateFile, keyFile) = certificates.Issue("first");
        using var server = X509CertificateLoader.LoadPkcs12(X509Certificate2.CreateFromPemFile(certificates.Server.CertificateFile, certificates.Server.KeyFile).Export(X509ContentType.Pkcs12), null);
        string? shown = null;
        var tls = new SslServerAuthenticationOptions
        {
            ServerCertificate = server,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                shown = certificate?.Subject;
                return certificate is not null;
            },
        };
        var options = new SipProbeOptions { CaFile = certificates.AuthorityFile, CertificateFile = certificateFile, KeyFile = keyFile };
        await using var probe = SipProbe.Create(SipUri.Parse($"sips:localhost:{_peer.Address.Port}"), options, _time);
        Assert.That(await LookAsync(probe, tls), Is.EqualTo(Ok));
        Assert.That(shown, Is.EqualTo("CN=first"));

        var second = certificates.Issue("second");
        File.Copy(second.CertificateFile, certificateFile, overwrite: true);
        File.Copy(second.KeyFile, keyFile, overwrite: true);
        await _peer.Stream.DisposeAsync();
        Assert.That(await LookAsync(probe, tls), Is.EqualTo(Ok));
        Assert.That(shown, Is.EqualTo("CN=second"));

        File.Delete(keyFile);
        await _peer.Stream.DisposeAsync();
        Assert.That(await LookAsync(probe, tls), Is.EqualTo(Ok), "as while it is replaced");

        await using var without = SipProbe.Create(SipUri.Parse($"sips:localhost:{_peer.Address.Port}"), options with { CertificateFile = null, KeyFile = null }, _time);
        await _peer.Stream.DisposeAsync();
        Assert.That((await LookAsync(without, tls)).Verdict, Is.EqualTo(ProbeVerdict.Dead));
        Assert.That(SipProbe.WhyNot(SipUri.Parse("sips:localhost"), options), Does.Contain($"there is no file '{keyFile}'"));
    }

    private Task<ProbeOutcome> LookAsync(string host, X509Certificate2 certificate, string? caFile) =>
        LookAsync(host, new SslServerAuthenticationOptions { ServerCertificate = certificate }, caFile);

    private async Task<ProbeOutcome> LookAsync(string host, SslServerAuthenticationOptions tls, string? caFile)
    {
        await using var probe = Probe(host, caFile);
        return await LookAsync(probe, tls);
    }

    private async Task<ProbeOutcome> LookAsync(IProbe probe, SslServerAuthenticationOptions tls)
    {
        var looking = probe.ProbeAsync(CancellationToken.None);
        try
        {
            await _peer.AcceptAsync(tls);
            await _peer.AnswerAsync("200 OK");
        }
        catch (IOException)
        {
            // The client does not trust it, and leaves.
        }
        catch (AuthenticationException)
        {
            // It does not trust the client, who with TLS 1.3 waits for an answer.
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        return await looking.WaitAsync(Deadline);
    }

    private IProbe Probe(string host, string? caFile) =>
        SipProbe.Create(SipUri.Parse($"sips:{host}:{_peer.Address.Port}"), new SipProbeOptions { CaFile = caFile }, _time);

    private string CaFile(X509Certificate2 certificate)
    {
        var file = _folder.File("ca.pem");
        File.WriteAllText(file, certificate.ExportCertificatePem());
        return file;
    }

    private static X509Certificate2 Certificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kamrpc test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(name);
        }

        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

        // With its key in a form that every version of SslStream takes.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}

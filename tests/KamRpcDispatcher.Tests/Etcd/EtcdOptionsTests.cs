using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Connection.Security;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

public class EtcdOptionsTests
{
    private TestCertificates _certificates = null!;
    private TemporaryFolder _folder = null!;

    [OneTimeSetUp]
    public void MakeCertificates()
    {
        _certificates = new TestCertificates();
        _folder = new TemporaryFolder();
    }

    [OneTimeTearDown]
    public void Forget()
    {
        _certificates.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Good_files_are_taken() =>
        Assert.That(
            (Connection() with
            {
                CertificateAuthorityFile = _certificates.AuthorityFile,
                CertificateFile = _certificates.Server.CertificateFile,
                KeyFile = _certificates.Server.KeyFile,
                User = "a",
                PasswordFile = Write("password", "secret\n"),
            }).Check(),
            Is.Empty);

    [Test]
    public void All_that_is_wrong_is_named_at_once_and_no_secret_is()
    {
        var wrong = (Connection() with
        {
            CertificateAuthorityFile = Write("ca", "not PEM"),
            CertificateFile = _certificates.Server.CertificateFile,
            KeyFile = _certificates.Root.KeyFile,
            User = "a",
            PasswordFile = Write("password", "secret\nsecret\n"),
        }).Check().ToList();

        Assert.That(wrong.Select(static entry => entry.Property), Is.EquivalentTo(new[] { "CertificateAuthorityFile", "KeyFile", "PasswordFile" }));
        Assert.That(wrong.Select(static entry => entry.Error), Has.Some.Contains("no certificate in PEM").And.Some.Contains("is not that of the first certificate").And.Some.Contains("more than one line"));
        Assert.That(wrong.Select(static entry => entry.Error), Has.None.Contains("secret"));
    }

    [TestCase("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "is encrypted")]
    [TestCase("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no private key in PEM")]
    [TestCase("", "no private key in PEM")]
    public void A_key_that_cannot_be_used_is_told(string key, string reason)
    {
        var connection = Connection() with { CertificateFile = _certificates.Server.CertificateFile, KeyFile = Write("key", key) };
        Assert.That(connection.Check().Single().Error, Does.Contain(reason));
    }

    [TestCase("")]
    [TestCase("\n")]
    public void An_empty_password_is_told(string password) =>
        Assert.That((Connection() with { User = "a", PasswordFile = Write("password", password) }).Check().Single().Error, Does.Contain("no password"));

    [TestCase("secret", "secret")]
    [TestCase("secret\n", "secret")]
    [TestCase("secret\r\n", "secret")]
    [TestCase(" secret ", " secret ")]
    public void The_newline_at_the_end_is_no_part_of_a_password(string content, string password) =>
        Assert.That(EtcdFiles.ReadPassword(Write("password", content)), Is.EqualTo(password));

    [Test]
    public void A_file_that_is_missing_is_told() =>
        Assert.That((Connection() with { CertificateFile = _folder.File("none") }).Check().Single().Error, Does.Contain("there is no file"));

    private static EtcdOptions Connection() =>
        EtcdEndpoints.TryParse("https://127.0.0.1:1", out var endpoints, out var error) ? new EtcdOptions(endpoints) : throw new InvalidOperationException(error);

    private string Write(string name, string content)
    {
        File.WriteAllText(_folder.File(name), content);
        return _folder.File(name);
    }
}

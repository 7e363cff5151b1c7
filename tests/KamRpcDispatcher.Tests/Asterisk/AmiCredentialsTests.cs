using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Asterisk;

public sealed class AmiCredentialsTests
{
    [Test]
    public void The_secret_does_not_get_into_logs() => Assert.That($"{new AmiCredentials("kamrpc", "s3cret")}", Is.EqualTo("kamrpc"));

    [TestCase("", "s3cret", "user")]
    [TestCase("kamrpc\r\nAction: Command", "s3cret", "user")]
    [TestCase("kamrpc", "", "secret")]
    [TestCase("kamrpc", "s3cret\n", "secret")]
    public void What_would_break_out_of_its_line_is_refused_without_being_shown(string user, string secret, string name) =>
        Assert.That(
            () => new AmiCredentials(user, secret),
            Throws.ArgumentException.With.Message.StartsWith($"The AMI {name} ").And.Message.Not.Contains("s3cret"));

    [Test]
    public void A_secret_in_a_file_is_read_for_each_login_and_a_bad_file_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("secret"), "one\n");
        var credentials = AmiCredentials.FromFile("kamrpc", folder.File("secret"));
        Assert.That(credentials.Secret, Is.EqualTo("one"));

        File.WriteAllText(folder.File("secret"), "two\n");
        Assert.That(credentials.Secret, Is.EqualTo("two"));
        File.WriteAllText(folder.File("secret"), string.Empty);
        Assert.That(credentials.Secret, Is.EqualTo("two"));
        File.Delete(folder.File("secret"));
        Assert.That(credentials.Secret, Is.EqualTo("two"));
        Assert.That($"{credentials}", Is.EqualTo("kamrpc"));
    }
}

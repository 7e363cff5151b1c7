using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Linux;

/// <summary>Users of this machine, and what they may read.</summary>
internal sealed class AccountTests
{
    [Test]
    public void A_user_is_found_by_name_and_by_number()
    {
        Assert.That(Account.Find("root"), Has.Property(nameof(Account.User)).EqualTo(0).And.Property(nameof(Account.Groups)).Contains(0));
        Assert.That((Account.Find("0")!.Name, Account.Of(0).Name), Is.EqualTo(("root", "root")));
        Assert.That((Account.Find("no-such-user"), Account.Find("-1"), Account.Find("")), Is.EqualTo(((Account?)null, (Account?)null, (Account?)null)));
    }

    [Test]
    public void A_number_without_a_name_is_a_user_too() =>
        Assert.That((Account.Find("3999999999")!.Name, Account.Find("3999999999")!.User), Is.EqualTo(("3999999999", 3_999_999_999)));

    [Test]
    public void What_keeps_a_user_from_a_file_is_the_file_or_a_folder_on_the_way()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("file");
        File.WriteAllText(file, "x");
        File.SetUnixFileMode(file, (UnixFileMode)Convert.ToInt32("640", 8));
        var (user, group) = (FileStatus.Of(file)!.Value.User, FileStatus.Of(file)!.Value.Group);

        Assert.That(new Account("owner", user, []).Obstacle(file), Is.Null);
        Assert.That(new Account("root", 0, []).Obstacle(file), Is.Null);
        Assert.That(new Account("stranger", 3_999_999_999, []).Obstacle(file), Is.EqualTo(file));
        Assert.That(new Account("member", 3_999_999_999, [group]).Obstacle(file), Is.EqualTo(folder.Path));

        File.SetUnixFileMode(folder.Path, (UnixFileMode)Convert.ToInt32("711", 8));
        Assert.That(new Account("member", 3_999_999_999, [group]).Obstacle(file), Is.Null);
    }
}

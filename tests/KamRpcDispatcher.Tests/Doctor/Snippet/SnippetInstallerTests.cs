using KamRpcDispatcher.Doctor.Snippet;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor.Snippet;

/// <summary>What is put into Kamailio's folder, and what is not touched there.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SnippetInstallerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Snippet => _folder.File(SnippetFiles.SnippetName);

    private string List => _folder.File(SnippetFiles.ListName);

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Both_files_are_written_readable_by_all_and_nothing_else_is_left()
    {
        Assert.That(Outcomes(), Is.EqualTo(new[] { Installation.Written, Installation.Written }));

        Assert.That(File.ReadAllText(Snippet), Is.EqualTo(SnippetFiles.Snippet));
        Assert.That(File.ReadAllText(List), Is.EqualTo(SnippetFiles.List));
        Assert.That(new[] { Snippet, List }.Select(static file => Convert.ToString((int)File.GetUnixFileMode(file), 8)), Is.All.EqualTo("644"));
        Assert.That(Directory.GetFiles(_folder.Path), Has.Length.EqualTo(2));
    }

    [Test]
    public void What_is_there_already_is_not_written_again()
    {
        Install();
        var before = FileStatus.Of(Snippet);

        Assert.That(Outcomes(isForced: true), Is.EqualTo(new[] { Installation.Same, Installation.Same }));
        Assert.That(FileStatus.Of(Snippet), Is.EqualTo(before));
    }

    [Test]
    public void A_snippet_that_differs_is_left_unless_forced_and_then_every_one_is_kept()
    {
        File.WriteAllText(Snippet, "mine");
        Assert.That(Outcomes(), Is.EqualTo(new[] { Installation.Refused, Installation.Written }));
        Assert.That(File.ReadAllText(Snippet), Is.EqualTo("mine"));

        Assert.That(Install(isForced: true)[0], Is.EqualTo(new InstalledFile(Snippet, Installation.Replaced, Snippet + ".bak")));
        File.WriteAllText(Snippet, SnippetFiles.Snippet + "#");
        Assert.That(Install(isForced: true)[0].Copy, Is.EqualTo(Snippet + ".bak2"));

        Assert.That(File.ReadAllText(Snippet), Is.EqualTo(SnippetFiles.Snippet));
        Assert.That((File.ReadAllText(Snippet + ".bak"), File.ReadAllText(Snippet + ".bak2")), Is.EqualTo(("mine", SnippetFiles.Snippet + "#")));
    }

    [Test]
    public void A_list_is_never_replaced_since_it_may_name_an_operators_destinations()
    {
        File.WriteAllText(List, "1 sip:10.0.0.1\n");

        Assert.That(Outcomes(isForced: true), Is.EqualTo(new[] { Installation.Written, Installation.Kept }));
        Assert.That(File.ReadAllText(List), Is.EqualTo("1 sip:10.0.0.1\n"));
    }

    [Test]
    public void A_link_in_the_place_of_the_snippet_is_not_followed()
    {
        var canary = _folder.File("canary");
        File.WriteAllText(canary, "canary");
        File.CreateSymbolicLink(Snippet, canary);

        Assert.That(Install()[0].Outcome, Is.EqualTo(Installation.Refused));
        Assert.That(Install(isForced: true)[0].Outcome, Is.EqualTo(Installation.Replaced));

        Assert.That((File.ReadAllText(canary), new FileInfo(Snippet).LinkTarget), Is.EqualTo(("canary", (string?)null)));
        Assert.That(new FileInfo(Snippet + ".bak").LinkTarget, Is.EqualTo(canary));
    }

    [Test]
    public void A_link_that_leads_nowhere_makes_no_file_there()
    {
        File.CreateSymbolicLink(List, _folder.File("none"));

        Assert.That(Install()[1].Outcome, Is.EqualTo(Installation.Kept));
        Assert.That(File.Exists(_folder.File("none")), Is.False);
    }

    [Test]
    public void A_FIFO_in_the_place_of_the_snippet_holds_nobody_up()
    {
        OtherUser.MakeFifo(Snippet);
        Assert.That(Install()[0].Outcome, Is.EqualTo(Installation.Refused));
    }

    [Test]
    public void In_another_users_folder_the_files_are_that_users()
    {
        OtherUser.RequireRoot();
        OtherUser.Give(_folder.Path);

        Install();

        Assert.That(new[] { Snippet, List }.Select(static file => FileStatus.Of(file)!.Value.User), Is.All.EqualTo(OtherUser.Id));
    }

    [Test]
    public void A_folder_that_is_another_users_link_is_refused()
    {
        OtherUser.RequireRoot();
        var link = _folder.File("link");
        Directory.CreateDirectory(_folder.File("target"));
        Directory.CreateSymbolicLink(link, _folder.File("target"));
        OtherUser.Give(link);

        Assert.That(() => new SnippetInstaller(link).Install(isForced: true), Throws.InstanceOf<IOException>().With.Message.Contains("symbolic link of another user's"));
        Assert.That(Directory.GetFiles(_folder.File("target")), Is.Empty);
    }

    private IReadOnlyList<InstalledFile> Install(bool isForced = false) => new SnippetInstaller(_folder.Path).Install(isForced);

    private IEnumerable<Installation> Outcomes(bool isForced = false) => Install(isForced).Select(static file => file.Outcome);
}

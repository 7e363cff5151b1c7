using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Containers;

/// <summary>What the image has in it and says of itself.</summary>
[Category("Container")]
public sealed class ContainerImageTests
{
    /// <summary>Of the packages that are put in; that of OpenSSL's library is named by its release.</summary>
    private static readonly string[] Packages = ["ca-certificates", "openssl", "libssl"];

    private static ContainerImage Image => ContainerImage.Require();

    [Test]
    public void The_image_is_what_its_Dockerfile_says()
    {
        var image = Image;

        Assert.That(image.User, Is.EqualTo("10017:10018"), "the user and group of the build's arguments");
        Assert.That(image.Entrypoint, Is.EqualTo(new[] { "/usr/local/bin/kamrpc" }));
        Assert.That(image.Command, Is.EqualTo(new[] { "dispatch" }));
        Assert.That(image.Health, Is.EqualTo(new[] { "CMD", "/usr/local/bin/kamrpc", "health" }));
        Assert.That(image.Volumes, Is.EqualTo(new[] { "/var/lib/kamrpc" }));
        Assert.That(image.Variables.Select(static variable => variable.Split('=')[0]).Where(static name => name != "PATH"), Is.EquivalentTo(new[] { "container", "KAMRPC_STATE_DIR", "KAMRPC_REPLY_DIR", "KAMRPC_FIFO_REPLY_DIR" }));
    }

    [Test]
    public async Task Its_labels_are_those_of_its_program()
    {
        var labels = Image.Labels;

        Assert.That(
            labels.Keys.Where(static name => name.StartsWith("org.opencontainers.image.", StringComparison.Ordinal)).Select(static name => name.Split('.')[^1]),
            Is.SupersetOf(new[] { "title", "description", "licenses", "version", "revision" }));
        Assert.That((await Tool.RunAsync(Path.Combine(Image.Root, "usr/local/bin/kamrpc"), ["--version"], string.Empty)).Trim().Split(' ')[0], Is.EqualTo($"{labels["org.opencontainers.image.version"]}+{labels["org.opencontainers.image.revision"]}"));
        Assert.That(File.ReadLines(Path.Combine(RealServers.RepositoryRoot, "LICENSE")).First(), Is.EqualTo(labels["org.opencontainers.image.licenses"] + " License"));
    }

    [Test]
    public async Task It_has_nothing_but_its_base_the_certificates_and_the_program()
    {
        var image = Image;
        var installed = Directory.EnumerateFiles(Path.Combine(image.Root, "var/lib/dpkg/info"), "*.list").Where(static list => Packages.Any(Path.GetFileName(list)!.StartsWith))
            .SelectMany(File.ReadLines).Select(static path => path.TrimStart('/')).ToHashSet(StringComparer.Ordinal);
        var added = (await FilesAsync(image)).Except(image.BaseFiles).Where(file => !installed.Contains(file) && !installed.Contains("usr/" + file));

        Assert.That(installed, Has.Count.GreaterThan(100));
        Assert.That(
            added.Where(static file => !file.StartsWith("etc/ssl/certs/", StringComparison.Ordinal) && !Packages.Any(package => file.StartsWith("var/lib/dpkg/info/" + package, StringComparison.Ordinal))),
            Is.SubsetOf(new[] { "usr/local/bin/kamrpc", "etc/ca-certificates.conf", "etc/hosts", "var/lib/apt/extended_states", "var/lib/dpkg/triggers/update-ca-certificates", "var/lib/dpkg/triggers/update-ca-certificates-fresh" }).And.Member("usr/local/bin/kamrpc"));
        Assert.That(Path.Combine(image.Root, "etc/ssl/certs/ca-certificates.crt"), Does.Exist);
    }

    [TestCase("var/lib/apt/lists")]
    [TestCase("var/cache/apt")]
    [TestCase("var/cache/debconf")]
    [TestCase("var/log")]
    [TestCase("tmp")]
    public void Nothing_is_left_of_its_making(string folder) => Assert.That(Directory.EnumerateFileSystemEntries(Path.Combine(Image.Root, folder)), Is.Empty);

    [Test]
    public async Task Nothing_in_it_gives_the_rights_of_another_user()
    {
        var image = Image;

        Assert.That(
            (await FilesAsync(image)).Select(file => Path.Combine(image.Root, file)).Where(static file => new FileInfo(file).LinkTarget is null && (File.GetUnixFileMode(file) & (UnixFileMode.SetUser | UnixFileMode.SetGroup)) != 0),
            Is.Empty);
    }

    [Test]
    public async Task Its_health_check_says_whether_calls_should_come()
    {
        await using var fleet = await ContainerFleet.StartAsync();
        var run = DockerRun.OfReadme();
        var dispatcher = fleet.Run(run);
        await using var server = new SipResponder("127.0.34", 1);
        await fleet.Etcd.PutAsync("/kamrpc/default/members/1/a", $$"""{"uri":"{{server.Uris[0]}}"}""");
        await fleet.WaitForRoutableAsync(server.Uris, () => dispatcher.Output);
        await AnsweredAsync("healthy: Kamailio answers, is in step", 0);

        fleet.Kamailio.Kill();
        await AnsweredAsync("NOT healthy: Kamailio does not answer", 1);

        async Task AnsweredAsync(string words, int exitCode)
        {
            for (var begun = Stopwatch.GetTimestamp(); ;)
            {
                // In the dispatcher's container, with its variables.
                var check = fleet.Run(run, [.. Image.Health.Skip(2)]);
                await check.Gone.WaitAsync(Fleet.Deadline);
                if (check.Output.StartsWith(words, StringComparison.Ordinal))
                {
                    Assert.That(await check.Exited, Is.EqualTo(exitCode));
                    return;
                }

                Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), check.Output);
            }
        }
    }

    /// <summary>All but its folders; a link to a folder is none.</summary>
    private static async Task<string[]> FilesAsync(ContainerImage image) =>
        (await Tool.RunAsync("find", [image.Root, "-xdev", "!", "-type", "d", "-printf", "%P\\n"], string.Empty)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

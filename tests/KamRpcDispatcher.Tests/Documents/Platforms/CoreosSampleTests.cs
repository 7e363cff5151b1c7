using System.Text.Json;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents.Platforms;

/// <summary>samples/coreos: what can be known without Butane, which Debian does not have.</summary>
internal sealed partial class CoreosSampleTests
{
    private static readonly string[] Samples = ["fedora-coreos.bu", "flatcar.bu"];

    [TestCaseSource(nameof(Samples))]
    public async Task What_is_taken_from_a_file_is_there_and_each_path_is_written_once(string sample)
    {
        var files = (await ReadAsync(sample)).At("storage/files")!.Value.EnumerateArray().ToList();

        Assert.That(files.Select(static file => file.TextAt("path")), Is.Unique.And.All.StartsWith("/"));
        Assert.That(files.Select(static file => file.TextAt("contents/local")).OfType<string>().Where(static file => !File.Exists(Path.Combine(RealServers.RepositoryRoot, file))), Is.Empty);
        Assert.That(files.Where(static file => file.GetProperty("contents").EnumerateObject().Count(static source => source.Name is "inline" or "local" or "source") != 1), Is.Empty);

        // A mode of YAML is octal: 0644 is 420.
        Assert.That(files.Select(static file => file.GetProperty("mode").GetInt32()).Except([0x1a4, 0x180, 0x100]), Is.Empty);
    }

    [TestCaseSource(nameof(Samples))]
    public async Task Systemd_finds_nothing_wrong_with_a_unit(string sample)
    {
        using var folder = new TemporaryFolder();
        var units = (await ReadAsync(sample)).At("systemd/units")!.Value.EnumerateArray().ToList();
        foreach (var unit in units)
        {
            var text = Program().Replace(unit.TextAt("contents")!, "${head}/bin/true ");
            await File.WriteAllTextAsync(folder.File(unit.TextAt("name")!), text);
        }

        await File.WriteAllTextAsync(folder.File("docker.service"), "[Service]\nExecStart=/bin/true\n");

        Assert.That(units, Is.Not.Empty);
        await QuadletSampleTests.VerifyAsync(folder, units.Select(static unit => unit.TextAt("name")!));
    }

    [Test]
    public async Task The_announcers_command_line_is_one_and_it_has_the_time_to_leave()
    {
        var unit = (await ReadAsync("flatcar.bu")).At("systemd/units")!.Value.EnumerateArray().Single(static unit => unit.TextAt("name") == "kamrpc-announce.service").TextAt("contents")!.Split('\n');
        string[] words = [.. Value("ExecStart").Split(' ').SkipWhile(static word => word != "kamrpc").Skip(1)];
        var stop = Value("ExecStop").Split(' ')[^2] + "s";

        SampleSite.AssertUnderstood(words.Select(static word => word == "%H" ? "asterisk-1" : word));
        Assert.That(SampleSite.Seconds(stop), Is.GreaterThan(SampleSite.LeavingTime(words)));
        Assert.That(SampleSite.Seconds(Value("TimeoutStopSec") + "s"), Is.GreaterThan(SampleSite.Seconds(stop)));
        Assert.That(Value("BindsTo"), Is.EqualTo("asterisk.service"));

        string Value(string key) => unit.Single(line => line.StartsWith(key + "=", StringComparison.Ordinal))[(key.Length + 1)..];
    }

    private static async Task<JsonElement> ReadAsync(string sample) => (await SampleSite.ReadAsync("coreos/" + sample)).Single();

    [GeneratedRegex("(?<head>^Exec[A-Za-z]+=-?)/usr/bin/(?:docker|podman) ", RegexOptions.Multiline)]
    private static partial Regex Program();
}

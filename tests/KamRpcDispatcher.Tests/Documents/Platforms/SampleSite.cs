using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents.Platforms;

/// <summary>Reads the samples that are YAML, and the command lines of kamrpc in all of them.</summary>
internal static class SampleSite
{
    /// <summary>Not the first python3 of the PATH, which may be one without Debian's modules.</summary>
    private const string Python = "/usr/bin/python3";

    private const string ToJson = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin)), default=str))";

    /// <summary>A file of samples.</summary>
    public static string PathOf(string file) => Path.Combine(RealServers.RepositoryRoot, "samples", file);

    /// <summary>The documents of a file of samples.</summary>
    public static async Task<IReadOnlyList<JsonElement>> ReadAsync(string file)
    {
        RealServers.RequireFile(Python);
        RealServers.RequireFile("/usr/lib/python3/dist-packages/yaml/__init__.py");
        return await ReadTextAsync(await File.ReadAllTextAsync(PathOf(file)));
    }

    /// <summary>The documents of a text in YAML.</summary>
    public static async Task<IReadOnlyList<JsonElement>> ReadTextAsync(string yaml) => [.. JsonElement.Parse(await Tool.RunAsync(Python, ["-c", ToJson], yaml)).EnumerateArray()];

    /// <summary>What is at a path of names, separated by slashes; null where there is nothing.</summary>
    public static JsonElement? At(this JsonElement element, string path)
    {
        foreach (var name in path.Split('/'))
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element;
    }

    public static string? TextAt(this JsonElement element, string path) => element.At(path) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    public static IReadOnlyList<string> TextsAt(this JsonElement element, string path) => element.At(path) is { ValueKind: JsonValueKind.Array } texts ? [.. texts.EnumerateArray().Select(static text => text.ToString())] : [];

    /// <summary>Fails where kamrpc would not take a command line; what the platform puts in is given as it might be.</summary>
    public static void AssertUnderstood(IEnumerable<string> words)
    {
        var line = words.Select(static word => word.Replace("$(HOST_ADDRESS)", "10.0.0.1", StringComparison.Ordinal).Replace("$(", "x", StringComparison.Ordinal).Replace(")", "x", StringComparison.Ordinal)).ToList();
        Assert.That(new CommandLine().Parse([.. line]).Errors.Select(static error => error.Message), Is.Empty, string.Join(' ', line));
    }

    /// <summary>What is saved on a volume that fsGroup opens to everybody is not believed: it is in a directory below, which kamrpc makes.</summary>
    public static void AssertStateBelowVolume(JsonElement container)
    {
        var volume = container.GetProperty("volumeMounts").EnumerateArray().Single(static mount => mount.TextAt("name") == "state").TextAt("mountPath");
        var state = container.GetProperty("env").EnumerateArray().Single(static variable => variable.TextAt("name") == "KAMRPC_STATE_DIR").TextAt("value");
        Assert.That(Path.GetDirectoryName(state), Is.EqualTo(volume));
    }

    /// <summary>How long an announcer may take to leave: both of its times, which a sample has to name.</summary>
    public static TimeSpan LeavingTime(IReadOnlyList<string> words)
    {
        return Value("--ack-timeout") + Value("--drain-timeout");

        TimeSpan Value(string option)
        {
            var at = words.ToList().IndexOf(option);
            Assert.That(at, Is.Positive, $"{option} in {string.Join(' ', words)}");
            return Seconds(words[at + 1]);
        }
    }

    /// <summary>Such as 90s.</summary>
    public static TimeSpan Seconds(string text)
    {
        Assert.That(text, Does.Match("^[0-9]+s$"));
        return TimeSpan.FromSeconds(int.Parse(text[..^1], CultureInfo.InvariantCulture));
    }
}

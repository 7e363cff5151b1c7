using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Containers;

/// <summary>A line that begins with <c>docker run</c>, taken apart: what the README tells operators is what is run.</summary>
/// <param name="Options">In order; the value of one that has none is empty.</param>
/// <param name="Image">What is run.</param>
/// <param name="Arguments">Of its program.</param>
internal sealed record DockerRun(IReadOnlyList<(string Name, string Value)> Options, string Image, IReadOnlyList<string> Arguments)
{
    private const string Start = "docker run ";
    private static readonly string[] Flags = ["-d", "--no-healthcheck", "--read-only", "--rm"];

    private static readonly string Readme = Path.Combine(RealServers.RepositoryRoot, "src", "KamRpcDispatcher.Cli", "Packaging", "container", "README.md");

    /// <summary>The README's line for a dispatcher.</summary>
    public static DockerRun OfReadme() => OfReadme("dispatch");

    /// <summary>The README's line for one of kamrpc's roles.</summary>
    public static DockerRun OfReadme(string role) => File.ReadLines(Readme).Where(static line => line.StartsWith(Start, StringComparison.Ordinal)).Select(Parse).Single(run => run.Image == "kamrpc" && run.Arguments is [var first, ..] && first == role);

    /// <summary>Without an option, whatever its value.</summary>
    public DockerRun Without(string name) =>
        Options.Any(option => option.Name == name) ? this with { Options = [.. Options.Where(option => option.Name != name)] } : throw new ArgumentException($"It has no {name}", nameof(name));

    /// <summary>With another option behind the others, which counts.</summary>
    public DockerRun With(string name, string value) => this with { Options = [.. Options, (name, value)] };

    /// <summary>In the PID namespace of Kamailio's container, where that has one of its own.</summary>
    public DockerRun BesideKamailio() => Without("--pid").With("--pid", "container:kamailio");

    /// <summary>The last value of an option; null when it is not given.</summary>
    public string? Value(string name) => Values(name).LastOrDefault();

    public IEnumerable<string> Values(string name) => Options.Where(option => option.Name == name).Select(static option => option.Value);

    private static DockerRun Parse(string line)
    {
        var words = new Queue<string>(line[Start.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var options = new List<(string, string)>();
        while (words.Peek().StartsWith('-'))
        {
            var name = words.Dequeue();
            options.Add((name, Flags.Contains(name) ? string.Empty : words.Dequeue()));
        }

        return new DockerRun(options, words.Dequeue(), [.. words]);
    }
}

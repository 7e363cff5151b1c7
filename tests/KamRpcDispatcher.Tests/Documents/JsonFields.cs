using System.Text.RegularExpressions;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>The fields of JSON that classes write, by their source.</summary>
internal static partial class JsonFields
{
    /// <summary>The fields that these classes write, each once.</summary>
    public static IReadOnlySet<string> WrittenBy(params string[] classes) => classes
        .Select(static name => File.ReadAllText(Directory.EnumerateFiles(Path.Combine(RealServers.RepositoryRoot, "src"), name + ".cs", SearchOption.AllDirectories).Single()))
        .SelectMany(static source => WrittenField().Matches(source)).Select(static field => field.Groups["name"].Value).ToHashSet();

    [GeneratedRegex("\\bWrite[A-Za-z]*(?:<[^>]*>)?\\((?:\\w+, )?\"(?<name>\\w+)\"")]
    private static partial Regex WrittenField();
}

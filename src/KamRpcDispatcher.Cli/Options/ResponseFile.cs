using System.CommandLine.Parsing;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>A file of arguments, <c>@FILE</c>: lines as on a command line, those that begin with <c>#</c> apart.</summary>
internal static class ResponseFile
{
    /// <summary>Files that name one another would never end.</summary>
    private const int Deepest = 8;

    public static bool TryRead(string path, out IReadOnlyList<string>? arguments, out string? error) => TryRead(path, Deepest, out arguments, out error);

    private static bool TryRead(string path, int depth, out IReadOnlyList<string>? arguments, out string? error)
    {
        var found = new List<string>();
        arguments = null;
        error = null;
        foreach (var argument in Read(path, depth, ref error))
        {
            if (argument is not ['@', _, ..])
            {
                found.Add(argument);
                continue;
            }

            if (!TryRead(argument[1..], depth - 1, out var nested, out error))
            {
                return false;
            }

            found.AddRange(nested!);
        }

        arguments = found;
        return error is null;
    }

    private static IEnumerable<string> Read(string path, int depth, ref string? error)
    {
        if (depth == 0)
        {
            error = $"@{path}: files of arguments name one another more than {Deepest} deep";
            return [];
        }

        try
        {
            return NamedFile.ReadText(path).Split('\n').Select(static line => line.Trim())
                .Where(static line => line.Length > 0 && line[0] != '#')
                .SelectMany(static line => CommandLineParser.SplitCommandLine(line));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            error = exception is FileNotFoundException ? $"@{path}: there is no such file of arguments" : $"@{path}: the file of arguments cannot be read: {exception.Message}";
            return [];
        }
    }
}

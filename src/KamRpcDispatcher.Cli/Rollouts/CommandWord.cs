using System.ComponentModel;
using System.Diagnostics;

namespace KamRpcDispatcher.Cli.Rollouts;

/// <summary>Whether the shell will find what an operator wants run later, asked before anything is written: by then calls have moved.</summary>
internal static class CommandWord
{
    private const string Script = """case $1 in */*) [ -f "$1" ] && [ -x "$1" ];; *) command -v "$1" >/dev/null 2>&1;; esac""";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The first word of a line where the shell knows no such command; null where it does, where the word is not plain, such as <c>A=1</c> or <c>(cd</c>, and where the shell does not say.</summary>
    /// <param name="line">For <c>/bin/sh -c</c>. Nothing of it is run.</param>
    public static string? NotFound(string line)
    {
        var word = line.TrimStart().Split([' ', '\t', '\n', ';', '&', '|'], 2)[0];
        if (word.Length == 0 || !word.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '/' or '-' or '+' or '@'))
        {
            return null;
        }

        try
        {
            using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", word]))!;
            if (shell.WaitForExit(Patience))
            {
                return shell.ExitCode == 0 ? null : word;
            }

            shell.Kill();
            return null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}

using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Probe.Command;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>A command as the value of an option: <c>exec:COMMAND</c>.</summary>
internal static class ExecCommand
{
    private const string Prefix = "exec:";

    /// <summary>A command may take longer than an answer to OPTIONS.</summary>
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);

    public static bool TryParse(string text, TimeSpan? timeout, [NotNullWhen(true)] out CommandProbe? command)
    {
        command = text.Length > Prefix.Length && text.StartsWith(Prefix, StringComparison.Ordinal)
            ? new CommandProbe(text[Prefix.Length..], timeout ?? DefaultTimeout)
            : null;
        return command is not null;
    }
}

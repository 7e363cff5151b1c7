using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Cli.Help;

/// <summary>What <c>--version</c> prints: version and commit in one word, and how the program was built.</summary>
internal sealed class VersionLine : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    /// <summary>Version and commit.</summary>
    public static string Version => typeof(VersionLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public override int Invoke(ParseResult parseResult)
    {
        Console.Out.WriteLine(Text(Version, isNative: !RuntimeFeature.IsDynamicCodeSupported));
        return ExitCode.Done;
    }

    internal static string Text(string version, bool isNative) =>
        $"{version} ({(isNative ? "native" : "managed")}, {RuntimeInformation.RuntimeIdentifier}, {RuntimeInformation.FrameworkDescription})";
}

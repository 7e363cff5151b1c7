using System.Globalization;
using System.Runtime.CompilerServices;

namespace KamRpcDispatcher.Cli.Host;

/// <summary>
/// Gives back the memory that only the start of a daemon needed: what the heap has grown to, and those pages of its files that nobody reads again (the types and
/// tables that a native program is set up from, the code of the first contact, of libraries too). The pages stay in the kernel's cache; one that is needed again is mapped again, without a
/// disk.
/// </summary>
internal static class StartMemory
{
    private const string OwnMappings = "/proc/self/smaps";
    private const int DontNeed = 4;

    /// <summary>When the first cycles are through, of a thousand members too.</summary>
    public static readonly TimeSpan After = TimeSpan.FromSeconds(10);

    public static void GiveBack()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        if (RuntimeFeature.IsDynamicCodeSupported || Environment.ProcessPath is not { } program)
        {
            return;
        }

        try
        {
            foreach (var (start, length) in Untouched(File.ReadLines(OwnMappings), program).ToList())
            {
                _ = LibC.Advise(start, length, DontNeed);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Without procfs it keeps them.
        }
    }

    /// <summary>
    /// The mappings that are as their file is, and cannot be written to: from others what was written there would be lost. Of the program none becomes one of these
    /// later on, since what the loader and the runtime set up is done before its own code runs; of a library, which may just be being loaded, only code is known for that.
    /// </summary>
    /// <param name="mappings">The lines of smaps.</param>
    /// <param name="program">The program's file.</param>
    internal static IEnumerable<(nuint Start, nuint Length)> Untouched(IEnumerable<string> mappings, string program)
    {
        (nuint Start, nuint Length)? current = null;
        foreach (var line in mappings)
        {
            if (line.StartsWith("Anonymous:", StringComparison.Ordinal))
            {
                if (current is { } mapping && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, "0", ..])
                {
                    yield return mapping;
                }

                current = null;
            }
            else if (line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries) is [var range, var rights, _, _, _, var file] && range.Split('-') is [var from, var to])
            {
                current = file.StartsWith('/') && (file == program || rights.Contains('x', StringComparison.Ordinal)) && !rights.Contains('w', StringComparison.Ordinal)
                    && nuint.TryParse(from, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var start)
                    && nuint.TryParse(to, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var end)
                    ? (start, end - start)
                    : null;
            }
        }
    }
}

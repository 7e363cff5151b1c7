using System.Globalization;

namespace KamRpcDispatcher.Cli.Output;

/// <summary>Where the answer goes: a terminal of some size, or something else.</summary>
internal static class Terminal
{
    private const int Narrowest = 40;
    private const int Lowest = 6;

    public static bool IsOutput => !Console.IsOutputRedirected;

    /// <summary>Whether what stands there can be written over.</summary>
    public static bool CanRedraw => IsOutput && Kind is not ("" or "dumb");

    /// <summary>On a terminal that has colours, unless <c>NO_COLOR</c> is set to something (no-color.org).</summary>
    public static Palette Palette => CanRedraw && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) ? Palette.Colours : Palette.None;

    /// <summary>The terminal's columns; elsewhere what <c>COLUMNS</c> says, as watch(1) sets it, or as many as the tables of other commands take.</summary>
    public static int Width => IsOutput
        ? Math.Max(Narrowest, Measure(static () => Console.WindowWidth, TextTable.Widest))
        : ColumnsOf(Environment.GetEnvironmentVariable("COLUMNS"));

    public static int Height => Math.Max(Lowest, Measure(static () => Console.WindowHeight, 24));

    private static string Kind => Environment.GetEnvironmentVariable("TERM") ?? string.Empty;

    /// <summary>Of a variable; 0, as some that run jobs set it, says as little as none.</summary>
    internal static int ColumnsOf(string? variable) =>
        int.TryParse(variable, NumberStyles.None, CultureInfo.InvariantCulture, out var columns) && columns > 0 ? Math.Max(Narrowest, columns) : TextTable.Widest;

    private static int Measure(Func<int> measure, int otherwise)
    {
        try
        {
            // A terminal that was never told its size has none.
            return measure() is var size and > 0 ? size : otherwise;
        }
        catch (Exception exception) when (exception is IOException or PlatformNotSupportedException)
        {
            return otherwise;
        }
    }
}

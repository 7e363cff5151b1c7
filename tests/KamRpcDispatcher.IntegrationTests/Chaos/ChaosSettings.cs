using System.Globalization;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>
/// How long and how random, from the environment: <c>KAMRPC_CHAOS=long</c>, <c>KAMRPC_CHAOS_MINUTES</c>, <c>KAMRPC_CHAOS_SEED</c>,
/// <c>KAMRPC_CHAOS_ONLY</c>, <c>KAMRPC_CHAOS_ROUNDS</c>.
/// </summary>
internal static class ChaosSettings
{
    private const int UsualSeed = 20261123;

    public static bool IsLong => Environment.GetEnvironmentVariable("KAMRPC_CHAOS") == "long";

    /// <summary>How long the long form goes on.</summary>
    public static TimeSpan LongTime => TimeSpan.FromMinutes(Number("KAMRPC_CHAOS_MINUTES") ?? 10);

    /// <summary>How often something is done that is not counted in minutes.</summary>
    public static int Rounds(int few, int many) => Number("KAMRPC_CHAOS_ROUNDS") ?? (IsLong ? many : few);

    /// <summary>Whether a disturbance is dealt: those named in the environment (parts of names, separated by commas), or all of the form that is run.</summary>
    public static bool Includes(Disturbance disturbance) => Environment.GetEnvironmentVariable("KAMRPC_CHAOS_ONLY") is { Length: > 0 } only
        ? only.Split(',').Any(part => disturbance.Name.Contains(part, StringComparison.OrdinalIgnoreCase))
        : IsLong || !disturbance.IsForLongForm;

    /// <summary>Decides what is done and in which order; how it falls in time is the machine's.</summary>
    public static int AnnouncedSeed()
    {
        var seed = Number("KAMRPC_CHAOS_SEED") ?? UsualSeed;
        TestContext.Out.WriteLine($"KAMRPC_CHAOS_SEED={seed}");
        return seed;
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;
}

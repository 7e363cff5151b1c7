using System.Globalization;

namespace KamRpcDispatcher.Benchmarks.Scale;

/// <summary>The members of a benchmark, spread over four sets; at their addresses is nobody, and nobody pings them.</summary>
internal static class Crowd
{
    private const int Sets = 4;

    public static int Set(int number) => 1 + (number % Sets);

    public static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"crowd-{number}");

    public static string Uri(int number) => string.Create(CultureInfo.InvariantCulture, $"sip:127.{1 + (number / 62500)}.{number / 250 % 250}.{(number % 250) + 1}:5060");
}

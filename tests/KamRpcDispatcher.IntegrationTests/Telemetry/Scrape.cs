using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Telemetry;

/// <summary>Asks a daemon over HTTP, as Prometheus does.</summary>
internal sealed partial class Scrape : IDisposable
{
    private const string Told = "Metrics and health are told at ";

    private readonly HttpClient _client;

    private Scrape(Uri address)
    {
        Address = address;
        _client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(20) };
    }

    public Uri Address { get; }

    /// <summary>As soon as it listens.</summary>
    public static async Task<Scrape> OfAsync(ServerProcess daemon)
    {
        var line = await daemon.WaitForLineAsync(Told, Fleet.Deadline);
        return new Scrape(new Uri(line[(line.IndexOf(Told, StringComparison.Ordinal) + Told.Length)..].Trim()));
    }

    public async Task<(int Status, string Text)> GetAsync(string path)
    {
        using var response = await _client.GetAsync(new Uri(path, UriKind.Relative));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The metrics, as soon as they have a line.</summary>
    public async Task<string> WaitAsync(string line)
    {
        for (var begun = Stopwatch.GetTimestamp(); ; await Task.Delay(50))
        {
            var (_, text) = await GetAsync("/metrics");
            if (text.Contains(line + "\n", StringComparison.Ordinal))
            {
                return text;
            }

            if (Stopwatch.GetElapsedTime(begun) > Fleet.Deadline)
            {
                throw new TimeoutException($"no \"{line}\" in:\n{text}");
            }
        }
    }

    /// <summary>The labels of each metric; a histogram's under the names that queries use, too.</summary>
    public static Dictionary<string, HashSet<string>> Labels(string text)
    {
        var labels = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (Match type in TypeLine().Matches(text))
        {
            var name = type.Groups["name"].Value;
            foreach (var each in type.Groups["type"].Value == "histogram" ? new[] { name + "_bucket", name + "_sum", name + "_count" } : [name])
            {
                labels[each] = [.. text.Split('\n').Where(line => line.StartsWith(each + "{", StringComparison.Ordinal)).SelectMany(static line => LabelName().Matches(line)).Select(static label => label.Value)];
            }
        }

        return labels;
    }

    /// <summary>The value of a line; null where there is none.</summary>
    public static double? Value(string text, string series) =>
        text.Split('\n').Where(line => line.StartsWith(series + " ", StringComparison.Ordinal)).Select(line => (double?)double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture)).FirstOrDefault();

    public void Dispose() => _client.Dispose();

    [GeneratedRegex("^# TYPE (?<name>\\w+) (?<type>\\w+)$", RegexOptions.Multiline)]
    private static partial Regex TypeLine();

    [GeneratedRegex("(?<=[{,])[a-z]+(?==\")")]
    private static partial Regex LabelName();
}

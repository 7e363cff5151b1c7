using System.Diagnostics;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>What somebody else has put into Kamailio's table, by the list file and by hand. Nobody but he may change it.</summary>
/// <param name="kamailio">Whose table.</param>
/// <param name="answering">URIs at which calls are answered, one for each entry of the call set that is added by hand.</param>
internal sealed class ForeignEntries(KamailioServer kamailio, IReadOnlyList<string> answering)
{
    /// <summary>A host name in the list file.</summary>
    public const string Name = "carrier.test";

    private const string Mark = "operator";
    private const int CallSet = 1;
    private const int UnheardSet = 2;
    private const int Probed = 8;
    private const int Disabled = 4;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private readonly List<(int Set, string Uri)> _byHand = [];

    /// <summary>As they have to be found, in the order of sets and, in these, of Kamailio.</summary>
    public IReadOnlyList<FakeDestination> Expected { get; private set; } = [];

    /// <summary>Lines of a list file: one that answers calls, one that never answers and so gets none, one that is disabled, and one with a name.</summary>
    public static IReadOnlyList<string> ListFile(string answering, bool isNameKnown) =>
    [
        $"{CallSet} {answering} 8 7 duid={Mark}-a", $"{CallSet} sip:127.0.13.1:5060 9 5 duid={Mark}-b", $"{UnheardSet} sip:127.0.13.2:5060 4 3 duid={Mark}-c",
        .. isNameKnown ? [$"{UnheardSet} sip:{Name}:5060 4 2 duid={Mark}-d"] : Array.Empty<string>(),
    ];

    /// <summary>As they are now is how they are to stay.</summary>
    public async Task RememberAsync() =>
        Expected = [.. (await kamailio.ListAsync()).Where(static entry => entry.Attrs!.Contains(Mark, StringComparison.Ordinal)).OrderBy(static entry => entry.Set)];

    /// <summary>Adds one that answers calls for each URI, and one that is disabled. To be called while nothing else changes in the table: nobody spaces these changes.</summary>
    public async Task AddByHandAsync()
    {
        foreach (var (number, uri) in answering.Index())
        {
            await AddAsync(CallSet, uri, Probed, number + 1);
        }

        await AddAsync(UnheardSet, "sip:127.0.13.3:5060", Disabled, 1);
        await RememberAsync();
    }

    /// <summary>Takes them away again, under the same condition.</summary>
    public async Task RemoveByHandAsync()
    {
        foreach (var (set, uri) in _byHand)
        {
            await kamailio.CallAsync("dispatcher.remove", set, uri);
            await Task.Delay(Gap);
        }

        _byHand.Clear();
        await RememberAsync();
    }

    /// <summary>Longer than any worker was seen to read the table on a busy machine (0.5 s): who types does not type faster.</summary>
    private static TimeSpan Gap => TimeSpan.FromMilliseconds(700);

    private async Task AddAsync(int set, string uri, int flags, int priority)
    {
        await kamailio.CallAsync("dispatcher.add", set, uri, flags, priority, $"duid={Mark}-by-hand-{_byHand.Count}");
        _byHand.Add((set, uri));
        for (var begun = Stopwatch.GetTimestamp(); !(await kamailio.ListAsync()).Any(entry => entry.Uri == uri && entry.Set == set); await Task.Delay(10))
        {
            if (Stopwatch.GetElapsedTime(begun) > Deadline)
            {
                throw new TimeoutException($"Kamailio has not added {uri}");
            }
        }

        await Task.Delay(Gap);
    }
}

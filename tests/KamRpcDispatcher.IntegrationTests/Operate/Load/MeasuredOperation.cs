using System.Globalization;
using KamRpcDispatcher.IntegrationTests.Chaos;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate.Load;

/// <summary>
/// An operation under calls through both proxies: no call fails, no call needs a second server, each goes where the map in its proxy says, and in each
/// state the calls are shared as wanted. Prints one row.
/// </summary>
internal sealed class MeasuredOperation : IAsyncDisposable
{
    /// <summary>Of the binomial distribution: more is chance once in 16,000 times.</summary>
    private const int Deviations = 4;

    /// <summary>So many calls are judged by what is wanted itself.</summary>
    private const int Sample = 2000;

    /// <summary>So many may have been on their way when the state was reached; where each of them went is judged at the end.</summary>
    private const int Straddling = 2;

    /// <summary>A map has 1,024 slots, and each class a whole number of them.</summary>
    private const double Rounding = 0.003;

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestState = TimeSpan.FromMinutes(2);

    /// <summary>As many calls as may be wanted at all; the operation ends them.</summary>
    private static readonly TimeSpan Time = TimeSpan.FromMinutes(20);

    private readonly LoadedFleet _fleet;
    private readonly string _name;
    private readonly IReadOnlyList<RunningSipLoad> _loads;
    private readonly List<RoutingState> _states = [];
    private readonly List<string> _shares = [];
    private readonly DateTimeOffset _begun = DateTimeOffset.UtcNow;
    private readonly IReadOnlyList<int> _failovers;

    public MeasuredOperation(LoadedFleet fleet, string name)
    {
        (_fleet, _name) = (fleet, name);
        _failovers = [.. fleet.Kamailios.Select(static kamailio => KamailioLog.Failovers(kamailio).Count)];
        _loads = [.. fleet.Kamailios.Select(static kamailio => SipLoad.Start(
            kamailio.Sip, LoadedFleet.CallsPerSecond / 2 * (int)Time.TotalSeconds, LoadedFleet.CallsPerSecond / 2, Shortest, SipLoadLimits.Endurance, longest: Longest))];
    }

    /// <summary>Measures a state that was reached, until enough calls were made in it.</summary>
    /// <param name="name">What it is called in the row.</param>
    /// <param name="servers">The servers whose share is measured.</param>
    /// <param name="wanted">What they are to get of the calls, from 0 to 1.</param>
    /// <param name="calls">How many calls are enough.</param>
    public async Task MeasureAsync(string name, IReadOnlyCollection<string> servers, double wanted, int calls)
    {
        var begin = DateTimeOffset.UtcNow;
        var routing = await ReadAsync();
        await _fleet.Ledger.WaitAsync(calls, begin, LongestState);
        Assert.That((await ReadAsync()).Select(static one => one.Map), Is.EqualTo(routing.Select(static one => one.Map)), $"{_name}, {name}: the map is as it was");
        var state = new RoutingState(begin, DateTimeOffset.UtcNow, routing);
        _states.Add(state);

        var made = _fleet.Ledger.Since(begin).Where(call => call.Answered <= state.End).ToList();
        var measured = made.Count(call => servers.Contains(call.Server));
        _shares.Add(string.Create(CultureInfo.InvariantCulture, $"{name}: {100.0 * measured / made.Count:0.0} % of {made.Count} (wanted {100 * wanted:0.#})"));
        Assert.That(routing.Select(one => one.PartOf(servers)), Is.All.EqualTo(wanted).Within(Rounding), $"{_name}, {name}: what the map gives");

        // SIPp counts its Call-IDs up: a few hundred of them are no sample of what they hash to, so that each counts by its own slot.
        List<double> parts = [.. made.Select(call => routing[ProxyOf(call)].PartOf(call.CallId, servers))];
        Assert.That(measured, Is.EqualTo(parts.Sum()).Within((Deviations * Math.Sqrt(parts.Sum(static part => part * (1 - part)))) + Straddling), $"{_name}: {_shares[^1]}");
        if (made.Count >= Sample)
        {
            Assert.That(measured, Is.EqualTo(made.Count * wanted).Within((Deviations * Math.Sqrt(made.Count * wanted * (1 - wanted))) + 1e-9), $"{_name}: {_shares[^1]}");
        }
    }

    /// <summary>Makes no more calls, waits until those that are up have ended, and judges all.</summary>
    public async Task EndAsync()
    {
        var results = await Task.WhenAll(_loads.Select(static load => load.FinishAsync()));
        var successful = results.Sum(static result => result.Successful);
        await _fleet.Ledger.WaitAsync(successful, _begun, LongestState);
        var calls = _fleet.Ledger.Since(_begun);
        await TestContext.Out.WriteLineAsync(
            $"{_name}: {successful} calls, {results.Sum(static result => result.Failed)} failed, {results.Sum(static result => result.Retransmissions)} requests sent again; {string.Join("; ", _shares)}");
        Assert.Multiple(() =>
        {
            Assert.That(results.Sum(static result => result.Failed), Is.Zero, string.Join('\n', results.Select(static result => result.Errors)));
            Assert.That(_fleet.Kamailios.SelectMany((kamailio, index) => KamailioLog.Failovers(kamailio).Skip(_failovers[index])), Is.Empty, "no call needs another server");
            Assert.That(calls, Has.Count.EqualTo(successful));
            Assert.That(calls.Where(call => !MayGo(call)), Is.Empty, "each call goes where the map says");
            Assert.That(_fleet.Kamailios.Select(static kamailio => kamailio.CrashedBySignal), Is.All.Null);
        });
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var load in _loads)
        {
            await load.DisposeAsync();
        }
    }

    /// <summary>Of a call that was on its way while the state changed nobody knows by which of the two its proxy went.</summary>
    private bool MayGo(AnsweredCall call)
    {
        var proxy = ProxyOf(call);
        var first = Math.Max(0, _states.FindLastIndex(state => state.Begin <= call.Begun));
        var last = _states.FindIndex(state => state.End >= call.Answered) is >= 0 and var found ? found : _states.Count - 1;
        return _states[first..(last + 1)].Any(state => state.Routing[proxy].ServersOf(call.CallId).Contains(call.Server));
    }

    private int ProxyOf(AnsweredCall call) => _loads.Index().Single(load => load.Item.Made(call.CallId)).Index;

    private async Task<IReadOnlyList<RoutingSnapshot>> ReadAsync() => await Task.WhenAll(_fleet.Kamailios.Select(RoutingSnapshot.ReadAsync));

    /// <summary>Between two moments each proxy routed like this.</summary>
    private sealed record RoutingState(DateTimeOffset Begin, DateTimeOffset End, IReadOnlyList<RoutingSnapshot> Routing);
}

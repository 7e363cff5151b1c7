using System.Globalization;
using System.Text.Json.Nodes;

namespace KamRpcDispatcher.Testing;

/// <summary>The state that a pod's endpoint has.</summary>
public enum ChurnState
{
    Ready,
    NotReady,
    Terminating,
}

/// <summary>An endpoint as a slice has it.</summary>
public sealed record ChurnEndpoint(string Pod, string Address, ChurnState State)
{
    public JsonObject ToJson() => State switch
    {
        ChurnState.Ready => SliceText.Ready(Pod, Address),
        ChurnState.Terminating => SliceText.Terminating(Pod, Address),
        _ => SliceText.NotReady(Pod, Address),
    };
}

/// <summary>One write to the cluster: a slice as it is now; null when it is deleted.</summary>
public sealed record SliceWrite(string Slice, IReadOnlyList<ChurnEndpoint>? Endpoints);

/// <summary>What one step does.</summary>
/// <param name="IsMove">Whether it only moves endpoints from slice to slice: nothing of it is a change.</param>
/// <param name="Writes">Each a moment of its own for whoever watches.</param>
public sealed record ChurnStep(bool IsMove, IReadOnlyList<SliceWrite> Writes);

/// <summary>
/// A Service whose endpoints come, go, change, and move between slices all the time, as the controller does it and worse: an endpoint that moves is in two slices for a moment, or
/// in none; a slice is deleted, and its endpoints are in others. What is true is known all the time.
/// </summary>
/// <param name="random">What comes next.</param>
/// <param name="slices">How many slices.</param>
/// <param name="most">How many endpoints at most.</param>
public sealed class SliceChurn(Random random, int slices, int most)
{
    private readonly Dictionary<string, (ChurnEndpoint Endpoint, int Slice)> _pods = new(StringComparer.Ordinal);
    private int _made;

    /// <summary>The state of every pod.</summary>
    public IReadOnlyDictionary<string, ChurnEndpoint> Truth => _pods.ToDictionary(static pair => pair.Key, static pair => pair.Value.Endpoint);

    /// <summary>The slices as they are.</summary>
    public IReadOnlyList<SliceWrite> All => [.. Enumerable.Range(0, slices).Select(slice => new SliceWrite(NameOf(slice), [.. In(slice)]))];

    /// <summary>Makes so many endpoints that are ready.</summary>
    public void Fill(int count)
    {
        for (var number = 0; number < count; number++)
        {
            Make();
        }
    }

    /// <summary>The next step.</summary>
    public ChurnStep Next() => random.Next(100) switch
    {
        < 40 when _pods.Count > 0 => Move(),
        < 45 => DeleteSlice(),
        < 85 when _pods.Count > 0 => Change(),
        _ when _pods.Count < most => new ChurnStep(false, [Whole(Make())]),
        _ => Change(),
    };

    /// <summary>The next step that only moves endpoints.</summary>
    public ChurnStep NextMove() => random.Next(10) == 0 ? DeleteSlice() : Move();

    private ChurnStep Move()
    {
        var (endpoint, from) = Any();
        var to = (from + 1 + random.Next(slices - 1)) % slices;
        if (random.Next(2) == 0)
        {
            // In both for a moment; and the old one does not hear what is true by now.
            var with = new SliceWrite(NameOf(to), [.. In(to), endpoint]);
            _pods[endpoint.Pod] = (endpoint, to);
            return new ChurnStep(true, [with, Whole(from)]);
        }

        _pods[endpoint.Pod] = (endpoint, to);
        return new ChurnStep(true, [Whole(from), Whole(to)]);
    }

    private ChurnStep DeleteSlice()
    {
        var gone = random.Next(slices);
        var moved = In(gone).ToList();
        foreach (var endpoint in moved)
        {
            _pods[endpoint.Pod] = (endpoint, (gone + 1) % slices);
        }

        SliceWrite[] writes = [Whole((gone + 1) % slices), new SliceWrite(NameOf(gone), null)];
        return new ChurnStep(true, random.Next(2) == 0 ? writes : [writes[1], writes[0]]);
    }

    private ChurnStep Change()
    {
        var (endpoint, slice) = Any();
        if (endpoint.State == ChurnState.Terminating)
        {
            _pods.Remove(endpoint.Pod);
        }
        else
        {
            var next = (endpoint.State, random.Next(3)) switch
            {
                (_, 0) => ChurnState.Terminating,
                (ChurnState.Ready, _) => ChurnState.NotReady,
                _ => ChurnState.Ready,
            };
            _pods[endpoint.Pod] = (endpoint with { State = next }, slice);
        }

        return new ChurnStep(false, [Whole(slice)]);
    }

    private int Make()
    {
        var number = _made++;
        var slice = random.Next(slices);
        var pod = string.Create(CultureInfo.InvariantCulture, $"asterisk-{number}");
        _pods[pod] = (new ChurnEndpoint(pod, string.Create(CultureInfo.InvariantCulture, $"10.{number / 62500 % 250}.{number / 250 % 250}.{(number % 250) + 1}"), ChurnState.Ready), slice);
        return slice;
    }

    private (ChurnEndpoint Endpoint, int Slice) Any() => _pods.Values.ElementAt(random.Next(_pods.Count));

    private SliceWrite Whole(int slice) => new(NameOf(slice), [.. In(slice)]);

    private IEnumerable<ChurnEndpoint> In(int slice) => _pods.Values.Where(pod => pod.Slice == slice).Select(static pod => pod.Endpoint);

    private static string NameOf(int slice) => string.Create(CultureInfo.InvariantCulture, $"asterisk-s{slice}");
}

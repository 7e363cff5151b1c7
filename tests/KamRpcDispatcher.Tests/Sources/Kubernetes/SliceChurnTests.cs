using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Sources.Kubernetes;
using KamRpcDispatcher.Sources.Kubernetes.Api;
using KamRpcDispatcher.Sources.Kubernetes.Merging;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Plan;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Kubernetes;

/// <summary>1,000 endpoints in 10 slices, by merge, table, panic threshold and planner: all but the sockets. Those are in the integration tests.</summary>
[Parallelizable]
public class SliceChurnTests
{
    /// <summary>10,000 take minutes.</summary>
    private static readonly int Steps = Environment.GetEnvironmentVariable("KAMRPC_CHAOS") == "long" ? 10_000 : 1_000;

    private readonly FakeTimeProvider _time = new();
    private readonly Dictionary<string, EndpointSlice> _slices = [];
    private readonly ListModel _list = new([]);
    private EndpointTable _table = null!;

    [Test]
    public void However_slices_are_churned_the_list_is_the_truth_and_nothing_was_added_or_removed_for_a_move()
    {
        var random = new Random(20_261_127);
        var churn = new SliceChurn(random, slices: 10, most: 1000);
        _table = new EndpointTable(_time);
        churn.Fill(1000);
        foreach (var write in churn.All)
        {
            Write(write);
        }

        Tell();
        var (moves, unheard, lost, comparisons) = (0, 0, false, 0);
        for (var step = 0; step < Steps; step++)
        {
            // What is due since time has passed is not for what comes now.
            _table.Hear();
            Follow();
            var next = churn.Next();

            // A watch that was cut, or a version that is forgotten: what happens meanwhile is heard as a whole.
            var isUnheard = random.Next(10) == 0;
            unheard += isUnheard ? 1 : 0;
            lost |= isUnheard;
            foreach (var write in next.Writes)
            {
                Write(write);
                if (isUnheard)
                {
                    continue;
                }

                var changes = Tell();
                Assert.That(next.IsMove && !lost ? changes : 0, Is.Zero, $"step {step} only moved endpoints");
            }

            moves += next.IsMove ? 1 : 0;
            lost &= isUnheard;
            _time.Advance(TimeSpan.FromSeconds(1));
            if (step % 10 == 9)
            {
                BeQuiet();
                lost = false;
                comparisons++;
                Assert.That(Listed().Except(Expected(churn)).Concat(Expected(churn).Except(Listed())), Is.Empty, $"after step {step}");
            }
        }

        TestContext.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{Steps} steps, {moves} of them moves only, {unheard} not heard; {comparisons} comparisons at quiet moments, all equal; {_list.Entries.Count} listed at the end; structural changes for moves: 0"));
        Assert.That(moves, Is.GreaterThan(Steps / 4));
    }

    private void Write(SliceWrite write)
    {
        if (write.Endpoints is not { } endpoints)
        {
            _slices.Remove(write.Slice);
            return;
        }

        _slices[write.Slice] = new EndpointSlice(
            new ObjectMeta(write.Slice, "voice", null, null),
            "IPv4",
            [.. endpoints.Select(static endpoint => new Endpoint([endpoint.Address], ConditionsOf(endpoint.State), null, new ObjectReference("Pod", "voice", endpoint.Pod), null, null))],
            [new EndpointPort("sip", "UDP", 5060, null)]);
    }

    private static EndpointConditions ConditionsOf(ChurnState state) => new(state == ChurnState.Ready, state != ChurnState.NotReady, state == ChurnState.Terminating);

    /// <summary>What the slices are now is heard, and the list follows.</summary>
    /// <returns>How many changes that took, of structure and of state; removals of those that get no calls apart, which wait for a while (<c>--removal-delay</c>).</returns>
    private int Tell()
    {
        _table.Replace(EndpointMerge.Merge([new ServiceSlices(Slices.Service(), [.. _slices.Values])]));
        return Follow();
    }

    private void BeQuiet()
    {
        Tell();

        // Whoever is doubted is so for a moment; who is held with many others, for longer.
        _time.Advance(new PanicOptions().Hold + TimeSpan.FromSeconds(1));
        _table.Hear();
        Follow();
        Assert.That(Follow(), Is.Zero, "what was followed is followed");
    }

    private int Follow()
    {
        var membership = _table.Current!;
        var now = _time.Mark();
        var members = CycleMembers.Of(membership, PanicGuard.Held(membership, new PanicOptions(), now), PanicGuard.Doubted(membership, now, static _ => true).Members);
        var plan = Planner.Plan(members.All, _list.Entries, new PlanPolicy("c"));
        var changes = plan.Changes.ToList();
        var silenced = _list.Entries.Where(static entry => entry.State == ListedState.Disabled).Select(static entry => entry.Uri).ToHashSet();
        _list.Apply(changes);
        return changes.Count(change => change is not RemoveDestination || !silenced.Contains(change.Uri));
    }

    private IEnumerable<string> Listed() => _list.Entries.Where(static entry => entry.State != ListedState.Disabled).Select(static entry => entry.Uri);

    private static IEnumerable<string> Expected(SliceChurn churn) => churn.Truth.Values.Where(static endpoint => endpoint.State == ChurnState.Ready).Select(static endpoint => $"sip:{endpoint.Address}:5060");
}

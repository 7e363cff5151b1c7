namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>Deals every disturbance once, in ones and twos, before any comes again.</summary>
internal sealed class Deck(Random random)
{
    private readonly List<Disturbance> _left = [];

    /// <summary>All of it has been dealt.</summary>
    public bool IsEmpty => _left.Count == 0;

    public void Shuffle()
    {
        var all = Disturbances.All.Where(ChaosSettings.Includes).ToArray();
        random.Shuffle(all);
        _left.AddRange(all);
    }

    public IReadOnlyList<Disturbance> Deal()
    {
        var first = Take(_left[0]);
        var second = _left.Find(other => other.Target != first.Target);
        return random.Next(3) > 0 && second is not null ? [first, Take(second)] : [first];
    }

    private Disturbance Take(Disturbance disturbance)
    {
        _left.Remove(disturbance);
        return disturbance;
    }
}

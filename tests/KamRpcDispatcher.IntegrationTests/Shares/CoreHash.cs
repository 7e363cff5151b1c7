using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.IntegrationTests.Shares;

/// <summary>Kamailio's <c>{s.corehash,1024}</c>, by which the snippet finds a call's slot. For ASCII.</summary>
internal static class CoreHash
{
    private const int WordLength = 4;

    /// <summary>The sum of the words of four characters, the first one highest, and of the rest, folded.</summary>
    public static int SlotOf(string key)
    {
        var sum = 0u;
        foreach (var letters in key.Chunk(WordLength))
        {
            var word = letters.Aggregate(0u, static (word, letter) => (word << 8) + letter);
            sum += word ^ (word >> 3);
        }

        return (int)((sum + (sum >> 11) + (sum >> 13) + (sum >> 23)) % ShareMap.Slots);
    }
}

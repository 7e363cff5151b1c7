using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Claim;

/// <summary>What a daemon writes into Kamailio to say that it serves it.</summary>
/// <param name="Id">Random; no other start of a daemon has it.</param>
/// <param name="Place">Where its process id means something, see <see cref="Machine"/>.</param>
/// <param name="Pid">Its process id there.</param>
/// <param name="Holder">Who it is, for people.</param>
internal sealed record Mark(string Id, string Place, int Pid, string Holder)
{
    private const int LongestHolder = 400;

    public static Mark Of(string holder) => new($"{Guid.NewGuid():N}", Machine.Place, Environment.ProcessId, SafeText.Shorten(holder, LongestHolder));

    /// <summary>Reads a mark; one of another form, that of another version perhaps, is one of which only the text is known.</summary>
    public static Mark Parse(string text) =>
        text.Split(' ', 4) is [var id, var place, var pid, var holder] && int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new Mark(id, place, number, SafeText.Shorten(holder, LongestHolder))
            : new Mark(text, string.Empty, 0, SafeText.Shorten(text, LongestHolder));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id} {Place} {Pid} {Holder}");
}

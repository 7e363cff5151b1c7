using System.Globalization;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;

namespace KamRpcDispatcher.Claim;

/// <summary>The table in Kamailio (module htable) where daemons leave their marks and signs of life. Empty after a restart.</summary>
/// <remarks>
/// htable has no compare-and-set, but each call is atomic. Only who takes the claim writes the mark; a sign of life has a key of its own, so
/// that a holder who was stopped in the middle of a call cannot overwrite the mark of who took over (kamailio-cfg's snippet has the table).
/// </remarks>
internal sealed class MarkTable(IRpcClient client)
{
    public const string Name = "kamrpc";

    /// <summary>What a Kamailio's config needs.</summary>
    public const string ConfigLines = """loadmodule "htable.so"  modparam("htable", "htable", "kamrpc=>size=4;")""";

    private const string MarkKey = "claim";

    /// <exception cref="KamailioFaultException">There is no such table, or no module htable.</exception>
    public async Task<Mark?> ReadAsync(CancellationToken cancellationToken) =>
        await GetAsync(MarkKey, cancellationToken).ConfigureAwait(false) is { } text ? Mark.Parse(text) : null;

    public Task WriteAsync(Mark mark, CancellationToken cancellationToken) => SetAsync(MarkKey, mark.ToString(), cancellationToken);

    public Task<string?> ReadBeatAsync(Mark mark, CancellationToken cancellationToken) => GetAsync(BeatKey(mark), cancellationToken);

    public Task WriteBeatAsync(Mark mark, long beat, CancellationToken cancellationToken) =>
        SetAsync(BeatKey(mark), beat.ToString(CultureInfo.InvariantCulture), cancellationToken);

    public Task DeleteAsync(CancellationToken cancellationToken) => DeleteAsync(MarkKey, cancellationToken);

    public Task DeleteBeatAsync(Mark mark, CancellationToken cancellationToken) => DeleteAsync(BeatKey(mark), cancellationToken);

    /// <summary>Whether there is no place for marks: no such table, or one that cannot be read, for a reason that will not pass.</summary>
    public static bool IsMissing(KamailioFaultException fault) => HashTableCommands.IsTableMissing(fault) || fault.Message.StartsWith("htable.get", StringComparison.Ordinal);

    private static string BeatKey(Mark mark) => "beat:" + mark.Id;

    private Task<string?> GetAsync(string key, CancellationToken cancellationToken) => client.GetHashValueAsync(Name, key, cancellationToken);

    private Task SetAsync(string key, string value, CancellationToken cancellationToken) => client.SetHashValueAsync(Name, key, value, cancellationToken);

    private Task DeleteAsync(string key, CancellationToken cancellationToken) => client.DeleteHashValueAsync(Name, key, cancellationToken);
}

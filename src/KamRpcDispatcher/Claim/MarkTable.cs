using System.Globalization;
using KamailioRpc;
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
    private const string NoKey = "doesn't exist";
    private const string Get = "htable.get";
    private const string NoTable = "No such htable";

    /// <exception cref="KamailioFaultException">There is no such table, or no module htable.</exception>
    public async Task<Mark?> ReadAsync(CancellationToken cancellationToken) =>
        await GetAsync(MarkKey, cancellationToken).ConfigureAwait(false) is { } text ? Mark.Parse(text) : null;

    public Task WriteAsync(Mark mark, CancellationToken cancellationToken) => SetAsync(MarkKey, mark.ToString(), cancellationToken);

    public Task<string?> ReadBeatAsync(Mark mark, CancellationToken cancellationToken) => GetAsync(BeatKey(mark), cancellationToken);

    public Task WriteBeatAsync(Mark mark, long beat, CancellationToken cancellationToken) =>
        SetAsync(BeatKey(mark), beat.ToString(CultureInfo.InvariantCulture), cancellationToken);

    public Task DeleteAsync(CancellationToken cancellationToken) => DeleteAsync(MarkKey, cancellationToken);

    public Task DeleteBeatAsync(Mark mark, CancellationToken cancellationToken) => DeleteAsync(BeatKey(mark), cancellationToken);

    /// <summary>Whether a Kamailio's config lacks the table or the module, or it cannot be read for another reason that will not pass; a fault of a writing may (no shared memory).</summary>
    public static bool IsMissing(KamailioFaultException fault) =>
        fault.IsUnknownMethod || fault.FaultMessage.Contains(NoTable, StringComparison.OrdinalIgnoreCase) || fault.Message.StartsWith(Get, StringComparison.Ordinal);

    private static string BeatKey(Mark mark) => "beat:" + mark.Id;

    private async Task<string?> GetAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            // {"item":{"name":"claim","value":"...","flags":2,"expire":"NEVER"}}
            var answer = (await client.InvokeAsync(Get, [Name, key], cancellationToken).ConfigureAwait(false)).ToElement();
            return answer.GetProperty("item").GetProperty("value").ToString();
        }
        catch (KamailioFaultException fault) when (fault.FaultMessage.Contains(NoKey, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        catch (Exception exception) when (exception is KeyNotFoundException or InvalidOperationException)
        {
            throw new KamailioMalformedReplyException("the answer to htable.get has no value", exception);
        }
    }

    private Task<RpcResult> SetAsync(string key, string value, CancellationToken cancellationToken) => client.InvokeAsync("htable.sets", [Name, key, value], cancellationToken);

    private async Task DeleteAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            await client.InvokeAsync("htable.delete", [Name, key], cancellationToken).ConfigureAwait(false);
        }
        catch (KamailioFaultException)
        {
            // It is not there: as wanted.
        }
    }
}

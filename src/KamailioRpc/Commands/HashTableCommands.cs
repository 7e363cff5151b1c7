using KamailioRpc.Errors;

namespace KamailioRpc.Commands;

/// <summary>The commands of Kamailio's htable module that are used here: texts in a table in shared memory, each changed and read at once.</summary>
/// <remarks>Each throws what <see cref="IRpcClient.InvokeAsync"/> throws.</remarks>
public static class HashTableCommands
{
    private const string Get = "htable.get";
    private const string NoKey = "doesn't exist";
    private const string NotFound = "not found in htable";
    private const string NoTable = "No such htable";

    /// <summary>Whether a fault of these says that Kamailio's config lacks the table or the module. Other faults say nothing of that: a key that is not there, no shared memory.</summary>
    public static bool IsTableMissing(KamailioFaultException fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return fault.IsUnknownMethod || fault.FaultMessage.Contains(NoTable, StringComparison.OrdinalIgnoreCase);
    }

    extension(IRpcClient client)
    {
        /// <summary><c>htable.get</c>: the value of a key; null where the table has none.</summary>
        public async Task<string?> GetHashValueAsync(string table, string key, CancellationToken cancellationToken)
        {
            try
            {
                // {"item":{"name":"claim","value":"...","flags":2,"expire":"NEVER"}}
                var answer = (await client.InvokeAsync(Get, [table, key], cancellationToken).ConfigureAwait(false)).ToElement();
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

        /// <summary><c>htable.sets</c>: sets a key to a text.</summary>
        public Task SetHashValueAsync(string table, string key, string value, CancellationToken cancellationToken) => client.InvokeAsync("htable.sets", [table, key, value], cancellationToken);

        /// <summary><c>htable.delete</c>: a key that is not there is as wanted, and one of a table that is not there.</summary>
        public async Task DeleteHashValueAsync(string table, string key, CancellationToken cancellationToken)
        {
            try
            {
                await client.InvokeAsync("htable.delete", [table, key], cancellationToken).ConfigureAwait(false);
            }
            catch (KamailioFaultException fault) when (fault.FaultMessage.Contains(NotFound, StringComparison.OrdinalIgnoreCase) || IsTableMissing(fault))
            {
                // It is not there: as wanted.
            }
        }
    }
}

using System.Globalization;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>Holds Kamailio's shared memory from outside, as a table of its own config would that has grown: in an htable of large values.</summary>
internal sealed class SharedMemoryBallast(KamailioServer kamailio)
{
    /// <summary>For the config, after everything else.</summary>
    public const string Config = """
        #!ifndef MOD_htable
        loadmodule "htable.so"
        #!endif
        modparam("htable", "htable", "ballast=>size=8;")
        """;

    private const string Table = "ballast";
    private const int Piece = 48_000;

    private static readonly string Value = new('x', Piece);

    /// <summary>Fills until no more than this part is left.</summary>
    /// <returns>What is left, in bytes.</returns>
    public async Task<long> FillAsync(int percentLeft)
    {
        for (var key = 0; ;)
        {
            var memory = await kamailio.SharedMemoryAsync();
            var pieces = (memory.Free - (memory.Total * percentLeft / 100)) / Piece;
            if (pieces <= 0)
            {
                return memory.Free;
            }

            for (var last = key + pieces; key < last; key++)
            {
                try
                {
                    await kamailio.CallAsync("htable.sets", Table, key.ToString("'p'0", CultureInfo.InvariantCulture), Value);
                }
                catch (RpcCallException)
                {
                    // Fuller than it was meant to be: others take memory too.
                    return (await kamailio.SharedMemoryAsync()).Free;
                }
            }
        }
    }

    public Task EmptyAsync() => kamailio.CallAsync("htable.flush", Table);
}

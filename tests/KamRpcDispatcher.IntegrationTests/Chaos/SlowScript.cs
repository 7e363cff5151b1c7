using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>A script that can be made to block for a while on each call, as one that asks a slow database does: then a load is more than the workers can do.</summary>
internal sealed class SlowScript(KamailioServer kamailio)
{
    /// <summary>For the config, before the snippet.</summary>
    public const string Define = """#!define KAMRPC_BRANCH_ROUTE "CHAOS" """;

    /// <summary>For the config, after the snippet. The route runs after a destination has been chosen.</summary>
    public const string Config = """
        #!ifndef MOD_cfgutils
        loadmodule "cfgutils.so"
        #!endif
        branch_route[CHAOS] {
            if ($shv(block) > 0) {
                usleep("$shv(block)");
            }
        }

        """;

    /// <summary>Lets each call block a worker for as long as makes the load so many percent of what they can do.</summary>
    public async Task OverloadAsync(int percent, int workers, int callsPerSecond, TimeSpan time)
    {
        await BlockAsync(TimeSpan.FromSeconds((double)workers / callsPerSecond * percent / 100));
        await Task.Delay(time);
        await BlockAsync(TimeSpan.Zero);
    }

    private async Task BlockAsync(TimeSpan time) => await kamailio.CallAsync("pv.shvSet", "block", "int", (int)time.TotalMicroseconds);
}

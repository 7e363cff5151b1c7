using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli;

/// <summary>A command that runs until its operator stops it: no exception and no hang-up ends it meanwhile.</summary>
internal sealed class DaemonLife : IDisposable
{
    private readonly IDisposable _staying = StopSignal.StayOnHangup();

    private DaemonLife()
    {
    }

    public static DaemonLife Begin(ILoggerFactory logs)
    {
        LastResort.GoOn(logs);
        return new DaemonLife();
    }

    public void Dispose()
    {
        LastResort.GoOnNoMore();
        _staying.Dispose();
    }
}

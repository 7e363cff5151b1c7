using System.Numerics;
using KamailioRpc;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Etcd.Proxies;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher;

/// <summary>
/// What is unexpected in a loop that has to go on: logged with its stack when it is new, and in one line after two, four, eight ... times of the
/// same, so that a fault that stays does not fill the log; nor does one that comes and goes. One thread at a time.
/// </summary>
/// <param name="loop">What the loop does, for the log.</param>
/// <param name="logger">Where to log.</param>
/// <param name="timeProvider">The clock, null for the system's.</param>
internal sealed partial class LoopFaults(string loop, ILogger logger, TimeProvider? timeProvider = null)
{
    /// <summary>In a minute, with their stacks.</summary>
    private const int MostNew = 10;

    private readonly LogLimit _limit = new(timeProvider ?? TimeProvider.System, MostNew);
    private readonly Backoff _backoff = new();
    private string? _last;
    private uint _times;

    /// <summary>How often it has failed since it last succeeded.</summary>
    public uint Times => _times;

    /// <summary>Whether an exception is anything but the end that was asked for, or the one that another daemon's right makes.</summary>
    public static bool IsUnexpected(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        ProxyTakenException or ProxyNameTakenException => false,
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        _ => true,
    };

    /// <summary>The exception in one line.</summary>
    public static string Summary(Exception? exception) =>
        exception is null ? "it ended by itself" : $"{exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}";

    /// <summary>It failed, or ended by itself (null).</summary>
    /// <returns>How long to wait before the next try.</returns>
    public TimeSpan Failed(Exception? exception)
    {
        var pause = _backoff.Next();
        var summary = Summary(exception);
        _times++;
        if (summary != _last && _limit.Allows())
        {
            _last = summary;
            Unexpected(logger, exception, loop, summary, pause);
        }
        else if (summary == _last && BitOperations.IsPow2(_times))
        {
            UnexpectedAgain(logger, loop, summary, _times, pause);
        }

        return pause;
    }

    /// <summary>It succeeded.</summary>
    public void Succeeded()
    {
        if (_times > 0)
        {
            if (_last is not null)
            {
                Recovered(logger, loop, _times);
            }

            _times = 0;
            _last = null;
            _backoff.Reset();
        }
    }

    [LoggerMessage(1900, LogLevel.Error, "Unexpected in {Loop} ({Summary}): going on in {Pause}. This is a fault of kamrpc; please report it with this line")]
    private static partial void Unexpected(ILogger logger, Exception? exception, string loop, string summary, DurationText pause);

    [LoggerMessage(1901, LogLevel.Error, "Unexpected in {Loop} again ({Summary}), {Times} times in a row: going on in {Pause}")]
    private static partial void UnexpectedAgain(ILogger logger, string loop, string summary, uint times, DurationText pause);

    [LoggerMessage(1902, LogLevel.Information, "Nothing unexpected in {Loop} any more, after {Times} times")]
    private static partial void Recovered(ILogger logger, string loop, uint times);
}

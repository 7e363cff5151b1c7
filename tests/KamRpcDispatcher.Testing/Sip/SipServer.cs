using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// A SIPp that answers calls and OPTIONS on a free UDP port of 127.0.0.1. It counts by the lines that its scenario logs: one when a
/// call's ACK has come, one when its caller has ended it, one for each OPTIONS.
/// </summary>
public sealed class SipServer : IAsyncDisposable
{
    private const string ReadinessCallId = "is-it-there";
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(5);

    private readonly TemporaryFolder _folder = new();
    private readonly ChangeSignal _counted = new();
    private readonly IPEndPoint _address = new(IPAddress.Loopback, RealServers.FreeUdpPort());
    private ServerProcess? _process;
    private int _calls;
    private int _up;
    private int _probes;

    private readonly string _scenario;

    private SipServer(string scenario) => _scenario = scenario;

    public string Uri => $"sip:{_address}";

    /// <summary>Calls that were answered and acknowledged, over all starts.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Calls that are up, since its start.</summary>
    public int Up => Volatile.Read(ref _up);

    /// <summary>Told of each call when its ACK has come, and, where <see cref="SipLoad"/> made it, when that began: from several threads.</summary>
    public Action<string, DateTimeOffset?> OnCall { get; set; } = static (_, _) => { };

    /// <summary>OPTIONS that were answered, over all starts.</summary>
    public int Probes => Volatile.Read(ref _probes);

    /// <param name="scenario">One of the embedded ones: "uas.xml" answers every call, "uas-endings.xml" ends each as it says itself.</param>
    public static Task<SipServer> StartAsync(string scenario = "uas.xml")
    {
        RealServers.Require("sipp");
        return ServerLife.StartOrDisposeAsync(new SipServer(scenario), static server => server.StartAgainAsync());
    }

    /// <summary>Starts it on the same port, and returns when it answers.</summary>
    public async Task StartAgainAsync()
    {
        await ServerLife.EndAsync(_process).ConfigureAwait(false);
        Volatile.Write(ref _up, 0);
        _process = ServerProcess.Start("sipp",
        [
            "-sf", Scenario.WriteTo(_folder, _scenario), "-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin", "-buff_size", Scenario.SocketBuffer,
            "-p", _address.Port.ToString(CultureInfo.InvariantCulture), "-trace_logs", "-log_file", "/dev/stdout",
        ], onLine: Count);
        await AnswersAsync(_process).ConfigureAwait(false);
    }

    /// <summary>Waits until so many calls are counted, by lines that may come a moment after their end. That they do not come is for the test to tell.</summary>
    public static async Task CountedAsync(int calls, params IReadOnlyList<SipServer> servers)
    {
        for (var begun = Stopwatch.GetTimestamp(); servers.Sum(static server => server.Calls) < calls && Stopwatch.GetElapsedTime(begun) < StopTime;)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10)).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until the condition holds. It is looked at again after each call and each OPTIONS.</summary>
    /// <exception cref="TimeoutException">It did not hold in time.</exception>
    public Task WaitForAsync(Func<SipServer, bool> condition, TimeSpan timeout) =>
        _counted.WaitUntilAsync(() => condition(this), timeout, () => $"{Uri}: {Calls} calls, {Probes} probes");

    public void Kill() => _process?.Kill();

    public Task StopAsync() => _process?.StopAsync(StopTime) ?? Task.CompletedTask;

    /// <summary>It holds its port and answers nothing.</summary>
    public void Pause() => _process?.Pause();

    public void Resume() => _process?.Resume();

    public async ValueTask DisposeAsync()
    {
        await ServerLife.EndAsync(_process).ConfigureAwait(false);
        _folder.Dispose();
    }

    private void Count(string line)
    {
        if (line.StartsWith("call ", StringComparison.Ordinal))
        {
            // "call 1-4711@127.0.0.1 1764254000.123456"
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            OnCall(words[1], words.Length > 2 ? DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(double.Parse(words[2], CultureInfo.InvariantCulture)) : null);
            Interlocked.Increment(ref _calls);
            Interlocked.Increment(ref _up);
        }
        else if (line.StartsWith("end ", StringComparison.Ordinal))
        {
            Interlocked.Decrement(ref _up);
        }
        else if (line.StartsWith("probe ", StringComparison.Ordinal) && !line.Contains(ReadinessCallId, StringComparison.Ordinal))
        {
            Interlocked.Increment(ref _probes);
        }

        _counted.Raise();
    }

    /// <summary>SIPp says nothing when it is ready, so it is asked until it answers.</summary>
    private async Task AnswersAsync(ServerProcess process)
    {
        using var deadline = new CancellationTokenSource(StartTime);
        for (var attempt = 1; ; attempt++)
        {
            if (deadline.IsCancellationRequested || process.Exited.IsCompleted)
            {
                throw new TimeoutException($"sipp does not answer at {Uri}:\n{process.Output}");
            }

            var pause = Task.Delay(50, CancellationToken.None);
            if (await SipOptions.AskAsync(_address, TimeSpan.FromMilliseconds(200), $"{ReadinessCallId}-{attempt}").ConfigureAwait(false) is not null)
            {
                return;
            }

            await pause.ConfigureAwait(false);
        }
    }
}

using System.Globalization;
using System.Net;

namespace KamRpcDispatcher.Testing;

/// <summary>Calls through a proxy, made by SIPp: whole dialogs, held for a time, ended along the recorded route.</summary>
public static class SipLoad
{
    /// <summary>SIPp warns when it may hold more calls than it may open files.</summary>
    private const int MostAtOnce = 15_000;

    /// <summary>Who is called where it does not matter.</summary>
    private const string Anybody = "callee";

    /// <exception cref="ArgumentOutOfRangeException">More than the limits allow.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the calls were given up.</exception>
    public static async Task<SipLoadResult> RunAsync(
        IPEndPoint proxy, int calls, int perSecond, TimeSpan callDuration, string callee = Anybody, CancellationToken cancellationToken = default)
    {
        await using var load = Start(proxy, calls, perSecond, callDuration, callee: callee);
        return await load.EndAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Begins a load of at most so many calls; the caller ends it.</summary>
    /// <param name="proxy">Where the calls go.</param>
    /// <param name="calls">How many.</param>
    /// <param name="perSecond">How many are started in a second.</param>
    /// <param name="callDuration">How long each is held, or rings.</param>
    /// <param name="limits">The default ones, when none are given.</param>
    /// <param name="ending">How the calls end, see uac-endings.xml, with a server whose scenario is uas-endings.xml; null when the caller ends each.</param>
    /// <param name="atOnce">The most calls at a time; null for as many as there are.</param>
    /// <param name="callee">The user part of who is called.</param>
    /// <param name="contact">The address that the caller takes for its own: another one behind NAT.</param>
    /// <param name="longest">How long the longest is held, where each has a random length from <paramref name="callDuration"/> on; null where all have that.</param>
    /// <exception cref="ArgumentOutOfRangeException">More than the limits allow.</exception>
    public static RunningSipLoad Start(
        IPEndPoint proxy, int calls, int perSecond, TimeSpan callDuration, SipLoadLimits? limits = null, string? ending = null, int? atOnce = null,
        string callee = Anybody, string contact = "127.0.0.1", TimeSpan? longest = null)
    {
        limits ??= SipLoadLimits.Default;
        var starting = TimeSpan.FromSeconds((double)calls / perSecond);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(perSecond, limits.MostPerSecond);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(starting, limits.Longest, nameof(calls));
        var time = starting + (longest ?? callDuration) + RunningSipLoad.Patience;
        var folder = new TemporaryFolder();
        var (statistics, errors) = (folder.File("statistics.csv"), folder.File("errors.log"));
        string[] arguments =
        [
            "-sf", Scenario.WriteTo(folder, ending is null ? "uac.xml" : "uac-endings.xml", longest is { } most ? (callDuration, most) : null), .. ending is null ? Array.Empty<string>() : ["-key", "ending", ending], "-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin", "-buff_size", Scenario.SocketBuffer,
            "-s", callee, "-key", "contact_host", contact, "-p", Text(RealServers.FreeUdpPort()), "-m", Text(calls), "-r", Text(perSecond), "-l", Text(Math.Min(atOnce ?? calls, MostAtOnce)),
            "-d", Text((int)callDuration.TotalMilliseconds), "-timeout", $"{time.TotalSeconds:0}s",
            "-trace_stat", "-stf", statistics, "-fd", "1", "-trace_err", "-error_file", errors, proxy.ToString(),
        ];
        return new RunningSipLoad(ServerProcess.Start("sipp", arguments), calls, time, folder, statistics, errors);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

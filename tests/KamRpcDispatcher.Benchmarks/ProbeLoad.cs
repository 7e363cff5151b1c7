using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Probe;
using KamRpcDispatcher.Probe.Sip;

namespace KamRpcDispatcher.Benchmarks;

/// <summary>What a thousand OPTIONS a second over UDP cost the process that asks; this program, started again, answers them.</summary>
internal static class ProbeLoad
{
    private const int Probes = 100;
    private const int PerSecond = 1000;
    private const int InARow = 40_000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds((double)Probes / PerSecond);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(5);
    private static readonly byte[][] Copied = [.. new[] { "Via:", "From:", "To:", "Call-ID:", "CSeq:" }.Select(System.Text.Encoding.ASCII.GetBytes)];

    public static async Task<int> RunAsync()
    {
        // Of "dotnet program.dll" the library has to be named too.
        var host = Environment.ProcessPath!;
        string[] arguments = Path.GetFileNameWithoutExtension(host) == "dotnet" ? [Environment.GetCommandLineArgs()[0], "probe", "answer"] : ["probe", "answer"];
        using var responder = Process.Start(new ProcessStartInfo(host, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var uri = SipUri.Parse("sip:127.0.0.1:" + await responder.StandardOutput.ReadLineAsync());
        Console.WriteLine($"{Probes} probes, {PerSecond} looks a second in all, {Time.TotalSeconds} s");
        await MeasureAsync("timers only", static () => new NoProbe());
        await MeasureAsync("a bare socket", () => new BareProbe(uri));
        await MeasureAsync("SIP over UDP", () => SipProbe.Create(uri, new SipProbeOptions()));
        await InARowAsync("a bare socket", new BareProbe(uri));
        await InARowAsync("SIP over UDP", SipProbe.Create(uri, new SipProbeOptions()));
        responder.StandardInput.Close();
        await responder.WaitForExitAsync();
        return 0;
    }

    /// <summary>Answers until nobody holds its input any more.</summary>
    public static int Answer()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Console.WriteLine(((IPEndPoint)socket.LocalEndPoint!).Port);
        new Thread(() => Answer(socket)) { IsBackground = true }.Start();
        Console.In.ReadToEnd();

        // Past the thread in its call, and past the disposal of its socket.
        Environment.Exit(0);
        return 0;
    }

    private static void Answer(Socket socket)
    {
        var (request, answer) = (new byte[2048], new byte[2048]);
        var client = new SocketAddress(AddressFamily.InterNetwork);
        while (true)
        {
            ReadOnlySpan<byte> rest = request.AsSpan(0, socket.ReceiveFrom(request, SocketFlags.None, client));
            var length = Append("SIP/2.0 200 OK\r\n"u8, 0);
            while (rest.IndexOf((byte)'\n') is var end and >= 0)
            {
                var line = rest[..(end + 1)];
                rest = rest[(end + 1)..];
                foreach (var name in Copied)
                {
                    length = line.StartsWith(name) ? Append(line, length) : length;
                }
            }

            length = Append("Content-Length: 0\r\n\r\n"u8, length);
            socket.SendTo(answer.AsSpan(0, length), SocketFlags.None, client);
        }

        int Append(ReadOnlySpan<byte> text, int at)
        {
            text.CopyTo(answer.AsSpan(at));
            return at + text.Length;
        }
    }

    private static async Task MeasureAsync(string what, Func<IProbe> create)
    {
        using var end = new CancellationTokenSource();
        var looks = new Looks();
        var loops = Enumerable.Range(0, Probes).Select(number => LoopAsync(create(), Interval / Probes * number, looks, end.Token)).ToList();
        await Task.Delay(WarmUp);
        using var process = Process.GetCurrentProcess();
        var (processor, allocated, alive, others) = (process.TotalProcessorTime, GC.GetTotalAllocatedBytes(), looks.Alive, looks.Others);
        var begun = Stopwatch.GetTimestamp();
        await Task.Delay(Time);
        process.Refresh();
        var (spent, time) = (process.TotalProcessorTime - processor, Stopwatch.GetElapsedTime(begun));
        (allocated, alive, others) = (GC.GetTotalAllocatedBytes() - allocated, looks.Alive - alive, looks.Others - others);
        await end.CancelAsync();
        await Task.WhenAll(loops);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what,-16}{alive,6} alive{others,4} not{spent.TotalMicroseconds / alive,8:0.0} us a look{spent / time * 100,7:0.0} % of a core{allocated / alive,7} bytes a look"));
    }

    /// <summary>Without the timers, and without the processor going to sleep in between.</summary>
    private static async Task InARowAsync(string what, IProbe probe)
    {
        using var process = Process.GetCurrentProcess();
        foreach (var (stage, count) in new[] { ("warm-up", InARow / 4), ("measured", InARow) })
        {
            process.Refresh();
            var processor = process.TotalProcessorTime;
            for (var i = 0; i < count; i++)
            {
                await probe.ProbeAsync(CancellationToken.None);
            }

            process.Refresh();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{what,-16}{count,6} in a row ({stage}){(process.TotalProcessorTime - processor).TotalMicroseconds / count,8:0.0} us a look"));
        }

        await probe.DisposeAsync();
    }

    private static async Task LoopAsync(IProbe probe, TimeSpan offset, Looks looks, CancellationToken cancellationToken)
    {
        await Task.Delay(offset, CancellationToken.None);
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                looks.Count((await probe.ProbeAsync(cancellationToken)).Verdict);
            }
        }
        catch (OperationCanceledException)
        {
            await probe.DisposeAsync();
        }
    }

    private sealed class Looks
    {
        private int _alive;
        private int _others;

        public int Alive => Volatile.Read(ref _alive);

        public int Others => Volatile.Read(ref _others);

        public void Count(ProbeVerdict verdict) => Interlocked.Increment(ref verdict is ProbeVerdict.Alive ? ref _alive : ref _others);
    }

    private sealed class NoProbe : IProbe
    {
        private static readonly Task<ProbeOutcome> Nothing = Task.FromResult(new ProbeOutcome(ProbeVerdict.Alive, ""));

        public TimeSpan Timeout => TimeSpan.Zero;

        public Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken) => Nothing;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>The least that an exchange over an asynchronous socket costs: no timeout, no reading, always the same request.</summary>
    private sealed class BareProbe : IProbe
    {
        private static readonly ProbeOutcome Answered = new(ProbeVerdict.Alive, "");

        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private readonly byte[] _buffer = new byte[2048];

        public TimeSpan Timeout => TimeSpan.Zero;

        public BareProbe(SipUri uri) => _socket.Connect(new IPEndPoint(uri.Address!, uri.Port));

        public async Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken)
        {
            await _socket.SendAsync("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n"u8.ToArray(), SocketFlags.None, CancellationToken.None);
            await _socket.ReceiveAsync(_buffer, SocketFlags.None, CancellationToken.None);
            return Answered;
        }

        public ValueTask DisposeAsync()
        {
            _socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

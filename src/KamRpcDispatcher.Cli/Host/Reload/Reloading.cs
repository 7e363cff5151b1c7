using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Host.Reload;

/// <summary>Has the program that stands at this one's path take its place, in the same process and with the same arguments and environment; else this one goes on.</summary>
/// <param name="life">The daemon's.</param>
/// <param name="service">Who is told of it.</param>
/// <param name="handOver">Has the daemon stand still, and gives what the next program goes on with.</param>
/// <param name="logs">Where to log.</param>
internal sealed partial class Reloading(DaemonLife life, SystemdState service, Func<Action<ReadOnlyMemory<byte>>, CancellationToken, Task> handOver, ILoggerFactory logs)
{
    /// <summary>Until its last line is written, which a thread of its own does.</summary>
    private static readonly TimeSpan LogTime = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private const int Hangup = 1;

    /// <summary>SIG_IGN.</summary>
    private const nint Ignored = 1;

    private readonly ILogger _logger = logs.CreateLogger<Reloading>();
    private int _isUnderWay;

    /// <summary>Begins, unless it is under way: the file is looked at at its end.</summary>
    public void Begin()
    {
        if (Interlocked.Exchange(ref _isUnderWay, 1) == 0)
        {
            _ = Task.Run(RunAsync);
        }
    }

    private async Task RunAsync()
    {
        try
        {
            if (life.Stop.IsCancellationRequested)
            {
                Leaves(_logger);
                return;
            }

            service.Reloading();
            var trouble = await ReplaceAsync().ConfigureAwait(false);
            GoesOn(_logger, OwnProgram.Path ?? "its path", trouble);
            service.Reloaded($"Not reloaded, going on with the program of before: {trouble}");
        }
        catch (OperationCanceledException) when (life.Stop.IsCancellationRequested)
        {
            Leaves(_logger);
            service.Reloaded(null);
        }
        finally
        {
            Volatile.Write(ref _isUnderWay, 0);
        }
    }

    /// <returns>Why it was not done: else nobody returns.</returns>
    private async Task<string> ReplaceAsync()
    {
        if (OwnProgram.Path is not { } path || NewImage.Arguments() is not { } line)
        {
            return "where it is, and its arguments, cannot be seen without /proc";
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(life.Stop);
        patience.CancelAfter(Patience);
        try
        {
            var said = await NewProgram.AskAsync(path, OwnProgram.VersionArguments(line, Environment.GetCommandLineArgs().Length - 1), patience.Token).ConfigureAwait(false);
            if (said.Trouble is { } trouble)
            {
                return trouble;
            }

            Replaces(_logger, path, said.Version, said.TakesOver ? "no member leaves" : "it is of a version that takes its members over under a new lease, as after a crash");
            await Task.Delay(LogTime, patience.Token).ConfigureAwait(false);
            var failure = "nothing was handed over";
            await handOver(content => failure = Execute(path, content, said.TakesOver) ?? failure, patience.Token).ConfigureAwait(false);
            life.Stop.ThrowIfCancellationRequested();
            return failure;
        }
        catch (OperationCanceledException) when (!life.Stop.IsCancellationRequested)
        {
            return $"its members could not be handed over within {Patience.TotalSeconds:0} s";
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return $"unexpected {exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}";
        }
    }

    /// <returns>Why it was not done; null where it leaves by now.</returns>
    private string? Execute(string path, ReadOnlyMemory<byte> content, bool takesOver)
    {
        using var file = HandoverFile.Write(content);
        if (file is null)
        {
            return "there is no room in memory for what is to be handed over";
        }

        HandoverFile.InheritOnly(file);
        if (life.OutlivesTerminal)
        {
            // What this program does at SIGHUP ends with it, and the next one is to find what this one found.
            _ = LibC.SetSignal(Hangup, Ignored);
        }

        if (takesOver)
        {
            ProcessImage.HoldSignals();
        }

        // The last thing: whoever is asked to stop from here on is the next one.
        var error = life.Stop.IsCancellationRequested ? null : NewImage.Execute(path);
        ProcessImage.ReleaseSignals();
        return error is null ? null : $"it cannot be executed: {error}";
    }

    [LoggerMessage(4023, LogLevel.Information, "SIGUSR2: the program at {Path}, version {Version}, takes this one's place: {Consequence}")]
    private static partial void Replaces(ILogger logger, string path, string version, string consequence);

    [LoggerMessage(4024, LogLevel.Error, "SIGUSR2: {Path} does not take this program's place, which goes on as before ({Reason})")]
    private static partial void GoesOn(ILogger logger, string path, string reason);

    [LoggerMessage(4025, LogLevel.Warning, "SIGUSR2: no other program takes this one's place, since it is leaving")]
    private static partial void Leaves(ILogger logger);
}

using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Host;

/// <summary>
/// What nothing else has caught: one clear line and exit code 1, never a stack in an operator's face and an aborted process. A daemon logs it with
/// the stack and goes on.
/// </summary>
internal static partial class LastResort
{
    /// <summary>Set to 1, it shows the stack too.</summary>
    internal const string StackVariable = "KAMRPC_STACK";

    private static ILogger? _daemonLog;

    /// <summary>For every command, before anything else.</summary>
    public static void Install()
    {
        AppDomain.CurrentDomain.UnhandledException += static (_, unhandled) =>
        {
            Tell(unhandled.ExceptionObject as Exception);
            Environment.Exit(ExitCode.NotDone);
        };
        TaskScheduler.UnobservedTaskException += static (_, unobserved) =>
        {
            unobserved.SetObserved();
            if (Volatile.Read(ref _daemonLog) is { } log && unobserved.Exception.GetBaseException() is var exception && IsFault(exception))
            {
                Unobserved(log, exception, exception.GetType().Name, OneLine(exception.Message));
            }
        };

        // Timers, signals and file events run on threads of the runtime's: what ends one of their calls ends no daemon.
        ExceptionHandling.SetUnhandledExceptionHandler(static exception =>
        {
            if (Volatile.Read(ref _daemonLog) is not { } log)
            {
                return false;
            }

            Unhandled(log, exception, exception.GetType().Name, OneLine(exception.Message));
            return true;
        });
    }

    /// <summary>From here on the process is a daemon, which goes on.</summary>
    public static void GoOn(ILoggerFactory logs) => Volatile.Write(ref _daemonLog, logs.CreateLogger(typeof(LastResort).FullName!));

    /// <summary>The daemon ends, and its log with it.</summary>
    public static void GoOnNoMore() => Volatile.Write(ref _daemonLog, null);

    /// <summary>Runs a command.</summary>
    public static async Task<int> RunAsync(Func<Task<int>> command)
    {
        try
        {
            return await command().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Tell(exception);
            return ExitCode.NotDone;
        }
    }

    /// <summary>What is wrong, and what to do, in one line.</summary>
    internal static string Describe(Exception? exception) => exception switch
    {
        AnswerNotWrittenException => $"kamrpc: the answer cannot be written ({OneLine(exception.Message)}); look at where standard output goes",
        OutOfMemoryException => "kamrpc: there is no memory left; give the machine or the container more",
        null => "kamrpc: something unexpected ended it. This is a fault of kamrpc; please report it",
        _ => $"kamrpc: unexpected {exception.GetType().Name}: {OneLine(exception.Message)}. This is a fault of kamrpc; please report it, with what {StackVariable}=1 shows",
    };

    private static void Tell(Exception? exception)
    {
        Console.Error.WriteLine(Describe(exception));
        if (Environment.GetEnvironmentVariable(StackVariable) == "1")
        {
            Console.Error.WriteLine(exception);
        }
    }

    /// <summary>A fault of kamrpc's, where the others are calls that nobody waits for any more.</summary>
    private static bool IsFault(Exception exception) =>
        exception is SystemException and not (IOException or OperationCanceledException or ObjectDisposedException or TimeoutException or ExternalException or AuthenticationException);

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").TrimEnd('.', ' ');

    [LoggerMessage(4011, LogLevel.Warning, "Unexpected {Type} in a task that nobody waits for ({Reason}). This is a fault of kamrpc; please report it with this line")]
    private static partial void Unobserved(ILogger logger, Exception exception, string type, string reason);

    [LoggerMessage(4010, LogLevel.Error, "Unexpected {Type} in a call of the runtime's ({Reason}): going on. This is a fault of kamrpc; please report it with this line")]
    private static partial void Unhandled(ILogger logger, Exception exception, string type, string reason);
}

using System.Globalization;
using System.Text;
using KamRpcDispatcher.Cli.Host.Logging;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Cli.Host;

/// <summary>
/// Standard streams that may be closed or full. What cannot be said on standard error ends nothing; an answer that cannot be written is an
/// <see cref="AnswerNotWrittenException"/>.
/// </summary>
internal static class StandardStreams
{
    private const string OwnProcess = "/proc/self";

    /// <summary>The last two bits of a descriptor's flags: the way it was opened.</summary>
    private const int AccessMask = 3;
    private const int ForReading = 0;
    private const int ForWriting = 1;

    /// <summary>
    /// First of all: where one is closed the program is started anew with /dev/null in its place. Else the runtime has its number for things of
    /// its own, and what is written there, here or in a program that is started from here, is taken for signals.
    /// </summary>
    public static void Mend()
    {
        if (Closed(OwnProcess) is { Count: > 0 } closed)
        {
            NewImage.Start(closed);
        }

        Console.SetOut(TextWriter.Synchronized(new Guarded(Open(1, static () => Console.Out), static exception => throw new AnswerNotWrittenException(exception))));
        var errors = new Guarded(Open(2, static () => Console.Error), static _ => { });
        Console.SetError(TextWriter.Synchronized(SystemdJournal.IsStandardError() ? new JournalLines(errors) : errors));
    }

    /// <summary>Null when it is closed.</summary>
    private static TextWriter? Open(int descriptor, Func<TextWriter> writer)
    {
        try
        {
            return Closed(OwnProcess).Contains(descriptor) ? null : writer();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// The streams that whoever started the process did not give it: none where that cannot be seen, as without
    /// /proc.
    /// </summary>
    /// <param name="process">The process in procfs.</param>
    internal static IReadOnlyList<int> Closed(string process)
    {
        try
        {
            var descriptors = Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd")).Select(Path.GetFileName).OfType<string>().ToList();
            return descriptors.Count == 0 ? [] : [.. Enumerable.Range(0, 3).Where(stream => !IsGiven(process, stream, descriptors))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>
    /// A number that is free when the process starts the runtime has for the first things that it opens, such as a pipe between its own threads:
    /// what is written there aborts the process. Of such a pipe both ends are here; of one that was given, one.
    /// </summary>
    private static bool IsGiven(string process, int stream, List<string> descriptors) => Target(process, stream.ToString(CultureInfo.InvariantCulture)) is { } target
        && !target.StartsWith("anon_inode:", StringComparison.Ordinal)
        && !target.StartsWith("/memfd:", StringComparison.Ordinal)
        && !(target.StartsWith("pipe:", StringComparison.Ordinal) && HasBothEnds(process, target, descriptors));

    private static bool HasBothEnds(string process, string pipe, List<string> descriptors)
    {
        var ends = descriptors.Where(descriptor => Target(process, descriptor) == pipe).Select(descriptor => Access(process, descriptor)).ToList();
        return ends.Contains(ForReading) && ends.Contains(ForWriting);
    }

    private static string? Target(string process, string descriptor) => new FileInfo(Path.Combine(process, "fd", descriptor)).LinkTarget;

    /// <summary>The way it was opened; null when it was closed meanwhile.</summary>
    private static int? Access(string process, string descriptor)
    {
        try
        {
            // "flags:" is octal.
            var flags = File.ReadLines(Path.Combine(process, "fdinfo", descriptor)).FirstOrDefault(static line => line.StartsWith("flags:", StringComparison.Ordinal));
            return flags is null ? null : (flags[^1] - '0') & AccessMask;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private sealed class Guarded(TextWriter? inner, Action<Exception> failed) : TextWriter
    {
        public override Encoding Encoding => inner?.Encoding ?? Encoding.UTF8;

        public override void Write(char value) => Write(value.ToString());

        public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

        public override void WriteLine(string? value) => Write(value + Environment.NewLine);

        public override void Write(string? value)
        {
            try
            {
                (inner ?? throw new IOException("it is closed")).Write(value);
                inner.Flush();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                // What .NET says of a descriptor that is not open for writing is of files.
                failed(exception is UnauthorizedAccessException ? new IOException("it is closed, or not open for writing", exception) : exception);
            }
        }

        public override void Flush()
        {
            // Written at once.
        }
    }
}

/// <summary>Standard output is closed, or what it goes to is full.</summary>
internal sealed class AnswerNotWrittenException(Exception inner) : Exception(inner.Message, inner);

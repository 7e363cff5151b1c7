using System.Text;

namespace KamRpcDispatcher.Cli;

/// <summary>
/// Standard streams that may be closed or full. What cannot be said on standard error ends nothing; an answer that cannot be written is an
/// <see cref="AnswerNotWrittenException"/>.
/// </summary>
internal static class StandardStreams
{
    private const string Descriptors = "/proc/self/fd";

    /// <summary>
    /// First of all: where one is closed the program is started anew with /dev/null in its place. Else the runtime has its number for things of
    /// its own, and what is written there, here or in a program that is started from here, is taken for signals.
    /// </summary>
    public static void Mend()
    {
        if (Enumerable.Range(0, 3).Where(static stream => !IsGiven(stream)).ToList() is { Count: > 0 } closed)
        {
            NewImage.Start(closed);
        }

        Console.SetOut(TextWriter.Synchronized(new Guarded(Open(1, static () => Console.Out), static exception => throw new AnswerNotWrittenException(exception))));
        Console.SetError(TextWriter.Synchronized(new Guarded(Open(2, static () => Console.Error), static _ => { })));
    }

    /// <summary>Null when it is closed.</summary>
    private static TextWriter? Open(int descriptor, Func<TextWriter> writer)
    {
        try
        {
            return IsGiven(descriptor) ? writer() : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether whoever started the process gave it this stream. When it did not, the runtime has the number for the first things that it opens,
    /// such as a pipe between its own threads: what is written there aborts the process.
    /// </summary>
    private static bool IsGiven(int descriptor) => Target(descriptor) is { } target
        && !target.StartsWith("anon_inode:", StringComparison.Ordinal)
        && !target.StartsWith("/memfd:", StringComparison.Ordinal)
        && !(target.StartsWith("pipe:", StringComparison.Ordinal) && Directory.EnumerateFiles(Descriptors).Any(other => IsReadEnd(Path.GetFileName(other), target)));

    private static string? Target(object descriptor) => new FileInfo($"{Descriptors}/{descriptor}").LinkTarget;

    private static bool IsReadEnd(string descriptor, string pipe)
    {
        try
        {
            // "flags:" is octal; its last two bits are the way it was opened, 0 for reading.
            return Target(descriptor) == pipe
                && File.ReadLines($"/proc/self/fdinfo/{descriptor}").Any(static line => line.StartsWith("flags:", StringComparison.Ordinal) && ((line[^1] - '0') & 3) == 0);
        }
        catch (IOException)
        {
            // Closed meanwhile.
            return false;
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
                failed(exception);
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

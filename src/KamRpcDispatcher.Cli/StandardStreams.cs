using System.Text;

namespace KamRpcDispatcher.Cli;

/// <summary>Standard error that may be closed, or a full disk: what cannot be said there ends nothing.</summary>
internal static class StandardStreams
{
    public static void Mend()
    {
        try
        {
            Console.SetError(TextWriter.Synchronized(new Forgiving(Console.Error)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Console.SetError(TextWriter.Null);
        }
    }

    private sealed class Forgiving(TextWriter inner) : TextWriter
    {
        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value) => Write(value.ToString());

        public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

        public override void WriteLine(string? value) => Write(value + Environment.NewLine);

        public override void Write(string? value)
        {
            try
            {
                inner.Write(value);
                inner.Flush();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                // There is nowhere left to say it.
            }
        }

        public override void Flush()
        {
            // Written at once.
        }
    }
}

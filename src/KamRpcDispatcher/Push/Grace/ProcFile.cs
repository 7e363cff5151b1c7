using System.Text;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>Reads small files of procfs, often.</summary>
internal static class ProcFile
{
    private const int Largest = 512;

    /// <summary>The first line of a file of a process; <paramref name="sight"/> says why there is none.</summary>
    public static string? ReadLine(int pid, string name, out Sight sight)
    {
        sight = Sight.Busy;
        try
        {
            using var file = File.OpenHandle($"/proc/{pid}/{name}");
            Span<byte> buffer = stackalloc byte[Largest];
            var length = RandomAccess.Read(file, buffer, 0);
            var text = Encoding.UTF8.GetString(buffer[..length]);
            var end = text.IndexOf('\n', StringComparison.Ordinal);
            return end < 0 ? text : text[..end];
        }
        catch (UnauthorizedAccessException)
        {
            sight = Sight.Hidden;
        }
        catch (IOException)
        {
            // No such process: the file is not there, or reading it fails (ESRCH) since the process ended after it was opened.
            sight = Sight.Gone;
        }

        return null;
    }

    /// <summary>The target of a descriptor, such as <c>socket:[4711]</c>; null when it cannot be read.</summary>
    public static string? ReadDescriptor(int pid, ulong descriptor)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{pid}/fd/{descriptor}", returnFinalTarget: false)?.Name;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

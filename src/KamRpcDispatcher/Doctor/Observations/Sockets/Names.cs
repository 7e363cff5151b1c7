namespace KamRpcDispatcher.Doctor.Observations.Sockets;

/// <summary>Users and groups by name, as far as /etc/passwd and /etc/group know them.</summary>
internal static class Names
{
    public static string User(uint number) => Find("/etc/passwd", number);

    public static string Group(uint number) => Find("/etc/group", number);

    private static string Find(string file, uint number)
    {
        var text = FormattableString.Invariant($"{number}");
        try
        {
            return File.ReadLines(file).Select(static line => line.Split(':')).FirstOrDefault(fields => fields.Length > 2 && fields[2] == text)?[0] ?? text;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return text;
        }
    }
}

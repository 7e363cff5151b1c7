namespace KamRpcDispatcher.Doctor.Observations.Sockets;

/// <summary>Who may do what with a file.</summary>
/// <param name="Path">Its path.</param>
/// <param name="User">The owner's number.</param>
/// <param name="Owner">The owner and the group, by name where they have one: <c>kamailio:kamailio</c>.</param>
/// <param name="Mode">The permissions.</param>
internal sealed record FileRights(string Path, uint User, string Owner, UnixFileMode Mode)
{
    /// <summary>The group's number.</summary>
    public uint Group { get; init; }

    public bool IsDirectory { get; init; }

    public bool IsWritableByOthers => Mode.HasFlag(UnixFileMode.OtherWrite);

    /// <summary>As chmod takes it: <c>0660</c>.</summary>
    public string Octal => "0" + Convert.ToString((int)Mode, 8).PadLeft(3, '0');

    /// <summary>Whether a user can enter this directory, whose groups are not known.</summary>
    public bool MayEnter(uint user) => user == 0
        || Mode.HasFlag(UnixFileMode.OtherExecute)
        || Mode.HasFlag(UnixFileMode.GroupExecute)
        || (user == User && Mode.HasFlag(UnixFileMode.UserExecute));

    /// <summary>Whether that depends on groups.</summary>
    public bool MayEnterByGroupOnly(uint user) => user != 0 && user != User && Mode.HasFlag(UnixFileMode.GroupExecute) && !Mode.HasFlag(UnixFileMode.OtherExecute);

    public override string ToString() => $"{Path} ({Owner}, {Octal})";
}

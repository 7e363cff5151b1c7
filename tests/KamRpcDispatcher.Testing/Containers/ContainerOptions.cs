namespace KamRpcDispatcher.Testing;

/// <summary>How a <see cref="Container"/> is run: what <c>docker run</c> is told, as far as tests need it.</summary>
/// <param name="Root">The folder with its files. They cannot be changed from inside.</param>
/// <param name="User">As whom: <c>UID:GID</c>.</param>
public sealed record ContainerOptions(string Root, string User)
{
    /// <summary>Whether it has this machine's PID namespace.</summary>
    public bool HasHostProcesses { get; init; }

    /// <summary>Whose PID namespace it has otherwise; null for one of its own.</summary>
    public Container? Beside { get; init; }

    /// <summary>Folders of this machine, and where it sees them.</summary>
    public IReadOnlyList<(string Folder, string Place)> Volumes { get; init; } = [];

    /// <summary>Empty file systems of its own.</summary>
    public IReadOnlyList<string> Temporary { get; init; } = [];

    /// <summary>All that it has, each as <c>NAME=VALUE</c>; of two with one name the later one counts.</summary>
    public IReadOnlyList<string> Variables { get; init; } = [];
}

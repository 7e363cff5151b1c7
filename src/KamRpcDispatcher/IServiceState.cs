namespace KamRpcDispatcher;

/// <summary>Whoever started the daemon (systemd), and wants to know how it is. Nothing of this throws.</summary>
public interface IServiceState
{
    /// <summary>It runs: it has done what it is there for, or says what it waits for. Only the first time counts.</summary>
    void Ready();

    /// <summary>It leaves; said again every few seconds if that takes longer.</summary>
    void Stopping();

    /// <summary>What it is at, in one line.</summary>
    void Status(string text);
}

/// <summary>Nobody wants to know.</summary>
internal sealed class NoServiceState : IServiceState
{
    public static NoServiceState Instance { get; } = new();

    public void Ready()
    {
    }

    public void Stopping()
    {
    }

    public void Status(string text)
    {
    }
}

namespace KamRpcDispatcher.Announce;

/// <summary>Whoever started the announcer, and wants to know how it is.</summary>
public interface IServiceState
{
    /// <summary>It runs: its members are announced, or etcd was found not to answer. Said once.</summary>
    void Ready();

    /// <summary>It leaves; said again every few seconds for as long as it takes.</summary>
    void Stopping();

    /// <summary>What it is at, in one line.</summary>
    void Status(string text);
}

namespace KamRpcDispatcher.Testing;

/// <summary>One line of <c>core.psx</c>.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Description">Such as "udp receiver child=0 sock=127.0.0.1:5060", "timer", "tcp main process".</param>
public sealed record FakeProcess(int Pid, string Description);

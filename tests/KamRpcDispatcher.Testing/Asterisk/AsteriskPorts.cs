namespace KamRpcDispatcher.Testing;

/// <summary>The ports of 127.0.0.1 that an <see cref="AsteriskServer"/> has for its life.</summary>
internal sealed record AsteriskPorts
{
    public int Udp { get; } = RealServers.FreeUdpPort();

    public int Tcp { get; } = RealServers.FreePort();

    public int Tls { get; } = RealServers.FreePort();

    public int Ami { get; } = RealServers.FreePort();
}

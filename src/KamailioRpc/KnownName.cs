using System.Net;
using System.Net.Sockets;

namespace KamailioRpc;

/// <summary>A name that was asked for.</summary>
internal sealed class KnownName(string host)
{
    public string Host => host;

    /// <summary>What it had the last time that it had any.</summary>
    public IPAddress[]? Addresses { get; set; }

    public long AnsweredAt { get; set; }

    /// <summary>Whether it could not be looked up the last time.</summary>
    public bool IsDoubtful { get; set; }

    public TaskCompletionSource<NameAnswer>? Answering { get; set; }
}

/// <summary>Addresses, or why there are none.</summary>
internal sealed record NameAnswer(IPAddress[]? Addresses, SocketError Error);

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Linux;

/// <summary>
/// What became of datagrams that a socket sent and nobody took (ip(7), IP_RECVERR). A socket that is not connected is told of it in this way
/// only: with the whole datagram and where it was sent to.
/// </summary>
internal static class DatagramErrors
{
    /// <summary>ECONNREFUSED: the port is closed.</summary>
    public const int Refused = 111;

    private const int LevelIp = 0;
    private const int LevelIpv6 = 41;
    private const int ReceiveErrors = 11;
    private const int ReceiveErrorsIpv6 = 25;

    /// <summary>MSG_ERRQUEUE and MSG_DONTWAIT.</summary>
    private const int FromQueue = 0x2000 | 0x40;

    /// <summary>AF_INET and AF_INET6 in a socket address.</summary>
    private const int FamilyIpv4 = 2;
    private const int FamilyIpv6 = 10;

    private const int NameSize = 28;
    private const int ControlSize = 256;

    /// <summary>Has the kernel keep what is told of datagrams that the socket sends.</summary>
    public static void Keep(Socket socket)
    {
        var isIpv6 = socket.AddressFamily == AddressFamily.InterNetworkV6;
        socket.SetRawSocketOption(isIpv6 ? LevelIpv6 : LevelIp, isIpv6 ? ReceiveErrorsIpv6 : ReceiveErrors, [1, 0, 0, 0]);
    }

    /// <summary>Takes the oldest one that is kept; null when there is none.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="datagram">Gets the beginning of the datagram, as far as it was quoted.</param>
    public static unsafe DatagramError? Take(Socket socket, Span<byte> datagram)
    {
        Span<byte> name = stackalloc byte[NameSize];
        Span<byte> control = stackalloc byte[ControlSize];
        fixed (byte* nameStart = name, controlStart = control, dataStart = datagram)
        {
            var vector = new LibC.IoVector { Start = dataStart, Length = datagram.Length };
            var message = new LibC.MessageHeader { Name = nameStart, NameLength = NameSize, Vectors = &vector, VectorCount = 1, Control = controlStart, ControlLength = ControlSize };
            var length = LibC.ReceiveMessage(socket.SafeHandle, &message, FromQueue);
            return length < 0 ? null : new DatagramError(Error(control[..(int)message.ControlLength]), To(name[..message.NameLength]), (int)length);
        }
    }

    /// <summary>ee_errno, the first number of the first control message (struct cmsghdr: a size_t and two int); 0 when there is none.</summary>
    private static int Error(ReadOnlySpan<byte> control)
    {
        var header = IntPtr.Size + 8;
        return control.Length >= header + 4 ? MemoryMarshal.Read<int>(control[header..]) : 0;
    }

    private static IPEndPoint? To(ReadOnlySpan<byte> name) => name.Length < 8 ? null : MemoryMarshal.Read<ushort>(name) switch
    {
        FamilyIpv4 => new IPEndPoint(new IPAddress(name[4..8]), BinaryPrimitives.ReadUInt16BigEndian(name[2..])),
        FamilyIpv6 when name.Length >= 24 => new IPEndPoint(new IPAddress(name[8..24]), BinaryPrimitives.ReadUInt16BigEndian(name[2..])),
        _ => null,
    };
}

/// <summary>A datagram that nobody took.</summary>
/// <param name="Error">Why: an error number of the kernel's.</param>
/// <param name="To">Where it was sent to.</param>
/// <param name="Length">How much of it was quoted.</param>
internal readonly record struct DatagramError(int Error, IPEndPoint? To, int Length);

namespace KamailioRpc.Binrpc;

/// <summary>The kinds of BINRPC messages.</summary>
internal enum BinrpcKind
{
    Request = 0,
    Reply = 1,
    Fault = 3,
}

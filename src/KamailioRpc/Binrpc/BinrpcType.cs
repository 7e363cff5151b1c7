namespace KamailioRpc.Binrpc;

/// <summary>What a record of a BINRPC message holds: the lower four bits of its first byte.</summary>
internal enum BinrpcType
{
    Integer = 0,

    /// <summary>Text with a zero at its end, which its length counts.</summary>
    Text = 1,

    /// <summary>A fixed-point number with three decimals: an integer of up to eight bytes, divided by 1,000.</summary>
    Double = 2,
    Structure = 3,
    Array = 4,

    /// <summary>The name of the value that follows, with a zero at its end.</summary>
    Name = 5,
    Bytes = 6,
}

using System.Globalization;

namespace KamRpcDispatcher.Push;

/// <summary>How much of Kamailio's shared memory has to be free for a structural change: a part of it, or an amount. 0 asks for nothing.</summary>
public readonly record struct MemoryFloor
{
    private MemoryFloor(int percent, long bytes) => (Percent, Bytes) = (percent, bytes);

    /// <summary>The part, 0 where <see cref="Bytes"/> says how much.</summary>
    public int Percent { get; }

    /// <summary>The amount, 0 where <see cref="Percent"/> says how much.</summary>
    public long Bytes { get; }

    public static MemoryFloor OfPercent(int percent) => new(percent, 0);

    public static MemoryFloor OfBytes(long bytes) => new(0, bytes);

    /// <summary>The floor in bytes for a Kamailio with so much shared memory.</summary>
    public long Of(long total) => Bytes > 0 ? Bytes : (long)(total * (Percent / 100.0));

    public override string ToString() =>
        Bytes > 0 ? string.Create(CultureInfo.InvariantCulture, $"{Bytes} bytes") : string.Create(CultureInfo.InvariantCulture, $"{Percent} %");
}

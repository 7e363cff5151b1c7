namespace KamailioRpc.Commands;

/// <summary>Kamailio's shared memory in bytes, as <c>core.shmmem</c> tells.</summary>
/// <param name="Total">What it was started with (<c>-m</c>).</param>
/// <param name="Free">Not used.</param>
/// <param name="Used">Used by data.</param>
/// <param name="RealUsed">Used with what the allocator needs itself.</param>
/// <param name="MaxUsed">The most that was used since the start.</param>
/// <param name="Fragments">How many free pieces there are.</param>
public sealed record SharedMemory(long Total, long Free, long Used, long RealUsed, long MaxUsed, long Fragments);

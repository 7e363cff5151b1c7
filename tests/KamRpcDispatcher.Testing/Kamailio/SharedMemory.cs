namespace KamRpcDispatcher.Testing;

/// <summary>Kamailio's shared memory in bytes, as <c>core.shmmem</c> tells.</summary>
public sealed record SharedMemory(long Total, long Free, long Used, long RealUsed, long MaxUsed, long Fragments);

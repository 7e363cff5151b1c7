using Google.Protobuf;

namespace KamRpcDispatcher.Etcd.Keys;

/// <summary>A value for a key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value.</param>
/// <param name="ModRevision">The revision that the key must still be of, 0 for absent.</param>
internal readonly record struct KeyWrite(ByteString Key, ByteString Value, long ModRevision);

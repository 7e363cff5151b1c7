using Google.Protobuf;

namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>A lease of ours with its keys, as the program that holds it leaves it to the one that takes its place.</summary>
/// <param name="Id">Its number; 0 while there is none.</param>
/// <param name="Granted">How long it lives without a renewal.</param>
/// <param name="Asked">How long it was asked to.</param>
/// <param name="Term">The term of etcd's leader when it was granted.</param>
/// <param name="RenewedAt">When it was renewed last, by the clock that only runs on, which is the same for all programs of a machine; 0 for never.</param>
/// <param name="Store">Which etcd it is of, 0 where nothing was read yet.</param>
/// <param name="Revision">That etcd's, when the keys were read last.</param>
/// <param name="Keys">What stands under it.</param>
internal sealed record HeldLease(long Id, TimeSpan Granted, TimeSpan Asked, ulong Term, long RenewedAt, ulong Store, long Revision, IReadOnlyList<HeldKey> Keys);

/// <summary>A key of ours, as it stands in etcd.</summary>
/// <param name="Name">The key.</param>
/// <param name="Value">What was written; empty where that is not known.</param>
/// <param name="ModRevision">The revision that wrote it.</param>
internal sealed record HeldKey(string Name, ByteString Value, long ModRevision);

using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd.Members;

/// <summary>What the store said last of one member's key.</summary>
/// <param name="Member">What is in force.</param>
/// <param name="LastGood">The last usable record, which is in force unless a later one says that the member is not ready.</param>
/// <param name="Rejected">The record, where it cannot be used.</param>
/// <param name="CreatedRevision">The revision that created the key.</param>
/// <param name="ModifiedRevision">The revision of the record.</param>
/// <param name="IsLeased">Whether it ends with a lease.</param>
/// <param name="Value">The record as it was written; empty where that is not known.</param>
internal readonly record struct MemberEntry(Member? Member, Member? LastGood, RejectedRecord? Rejected, long CreatedRevision, long ModifiedRevision, bool IsLeased, ReadOnlyMemory<byte> Value);

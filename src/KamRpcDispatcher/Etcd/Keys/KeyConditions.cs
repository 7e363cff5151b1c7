using Etcdserverpb;
using Google.Protobuf;

namespace KamRpcDispatcher.Etcd.Keys;

/// <summary>What has to hold for a transaction to be carried out.</summary>
internal static class KeyConditions
{
    /// <summary>The key is as it was written by that revision; 0 for absent.</summary>
    public static Compare Unchanged(ByteString key, long revision) =>
        new() { Key = key, Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Equal, ModRevision = revision };

    /// <summary>The key was created by that revision, whatever was written to it since; 0 for absent.</summary>
    public static Compare CreatedBy(ByteString key, long revision) =>
        new() { Key = key, Target = Compare.Types.CompareTarget.Create, Result = Compare.Types.CompareResult.Equal, CreateRevision = revision };

    /// <summary>Nothing below the prefix is newer. It is broken by whatever is written there, and not by what is deleted.</summary>
    public static Compare NothingNewer(string prefix, long revision) => new()
    {
        Key = ByteString.CopyFromUtf8(prefix), RangeEnd = EtcdKeys.PrefixEnd(prefix), Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Less, ModRevision = revision + 1,
    };
}

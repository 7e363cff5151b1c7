using KamRpcDispatcher.Destinations;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd;

/// <summary>Announces one member: its key is there as long as this runs and etcd can be reached.</summary>
public sealed class Announcer
{
    private readonly LeasedRecord _record;

    public Announcer(EtcdStore store, EtcdKeys keys, Member member, TimeSpan ttl, TimeProvider timeProvider, ILogger<Announcer> logger)
    {
        // The same URI under the same name is this box before a restart; another URI is another box.
        _record = new LeasedRecord(
            store,
            keys.Member(member.Key),
            ttl,
            MemberRecord.Write(member with { State = MemberState.Down, Reason = "withdrawn" }),
            value => MemberRecord.TryRead(member.Key, value, out var found, out _) && found.Uri.Equals(member.Uri),
            timeProvider,
            logger);
        _record.Update(MemberRecord.Write(member));
    }

    /// <summary>Announces until cancelled, then withdraws; false when etcd could not be told, so that the member ends with its lease.</summary>
    public Task<bool> RunAsync(CancellationToken cancellationToken) => _record.RunAsync(cancellationToken);
}

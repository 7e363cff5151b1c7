using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Announce;

/// <summary>The records in etcd of one server's members.</summary>
/// <param name="members">The members.</param>
/// <param name="records">The record of each, in their order.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class ServerRecords(ImmutableArray<Member> members, IReadOnlyList<LeasedRecord> records, TimeProvider timeProvider)
{
    private string? _drainedBecause;

    /// <summary>Those whose keys somebody else has.</summary>
    public IEnumerable<MemberKey> Occupied => KeysOf(static record => record.IsOccupied);

    /// <summary>Those whose keys etcd refuses, so that nothing of this announcer's stands there.</summary>
    public IEnumerable<MemberKey> NeverWritten => KeysOf(static record => record is { IsRefused: true, IsHeld: false });

    /// <summary>Whether it is not known of some what stands under their keys.</summary>
    public bool AreUnknown => records.Any(static record => record.IsUnknown);

    /// <summary>Whether an earlier life of this announcer has written one of them.</summary>
    public bool AreInherited => records.Any(static record => record.IsInherited);

    /// <summary>Goes on with what an earlier life has written.</summary>
    public void Inherit()
    {
        foreach (var record in records)
        {
            record.Inherit();
        }
    }

    /// <summary>Sets the state of each.</summary>
    public void Write(MemberState state, string? reason)
    {
        var since = timeProvider.GetUtcNow();
        Write(state, reason, _ => since);
    }

    /// <summary>Goes on in the state that the program before this one has written: what stands there stays as it is.</summary>
    public void Adopt(MemberState state, string? reason)
    {
        var now = timeProvider.GetUtcNow();
        Write(state, reason, index => records[index].Held is { } held && MemberRecord.TryRead(members[index].Key, held.Value.Memory, out var found, out _) && found.State == state ? found.Since ?? now : now);
    }

    /// <summary>Takes calls away from them as long as nothing is known of the server, where an earlier life has announced it.</summary>
    /// <param name="reason">Why; null for nothing, or no longer.</param>
    /// <param name="told">Told of each.</param>
    public void DrainInherited(string? reason, Action<Member> told)
    {
        if (reason == _drainedBecause)
        {
            return;
        }

        _drainedBecause = reason;
        foreach (var member in Drain(reason))
        {
            told(member);
        }
    }

    /// <summary>Takes calls away from those that an earlier life has written, since nothing is known of this one yet.</summary>
    /// <param name="reason">Why; null when it is no longer so.</param>
    /// <returns>Those of whom that is said.</returns>
    private List<Member> Drain(string? reason)
    {
        var drained = new List<Member>();
        for (var index = 0; index < records.Count; index++)
        {
            var member = members[index] with { State = MemberState.Draining, Reason = reason, Since = timeProvider.GetUtcNow() };
            records[index].Succeed(reason is null ? null : MemberRecord.Write(member));
            if (reason is not null && records[index].IsInherited)
            {
                drained.Add(member);
            }
        }

        return drained;
    }

    private void Write(MemberState state, string? reason, Func<int, DateTimeOffset> since)
    {
        for (var index = 0; index < records.Count; index++)
        {
            var member = members[index] with { State = state, Reason = reason, Since = since(index) };
            records[index].Update(MemberRecord.Write(member), takesCallsAway: state != MemberState.Ready);
        }
    }

    private IEnumerable<MemberKey> KeysOf(Func<LeasedRecord, bool> condition) => records.Select((record, index) => (record, index)).Where(pair => condition(pair.record)).Select(pair => members[pair.index].Key);
}

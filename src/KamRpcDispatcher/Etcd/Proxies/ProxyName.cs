using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Format;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Proxies;

/// <summary>The right to report under a proxy's name, which one Kamailio's dispatcher has at a time.</summary>
/// <remarks>
/// What an earlier life of this proxy left is taken back at once. A second daemon for the same Kamailio ends at once. Another proxy's report has a lease to end, if that proxy is gone; one that
/// lives ends a daemon that has just been started. A clash that shows later ends nobody: both report in turn, a lease each, and say so, since
/// neither could be seen otherwise; and neither acknowledges anything, since nobody could tell for which of them.
/// </remarks>
/// <param name="name">The name.</param>
/// <param name="own">Who this proxy is now.</param>
/// <param name="ttl">How long a report outlives its daemon.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class ProxyName(string name, Func<ProxyIdentity> own, TimeSpan ttl, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>After its time to live etcd takes a moment to end a lease.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(3);

    private readonly long _begun = timeProvider.GetTimestamp();
    private readonly TaskCompletionSource _taken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isStarting = true;
    private string? _other;
    private long _otherSince;
    private long _otherSeen;
    private volatile ProxyTrouble? _clash;

    /// <summary>What is to be told of another proxy of the name; null when none was seen for a while.</summary>
    public ProxyTrouble? Clash => _clash is { } clash && timeProvider.GetElapsedTime(Interlocked.Read(ref _otherSeen)) < Memory ? clash : null;

    /// <summary>Fails when the name is another proxy's, and this one has just been started.</summary>
    public Task Taken => _taken.Task;

    /// <summary>How long the lease of a report may last that nobody renews.</summary>
    private TimeSpan Patience => ttl + Margin;

    /// <summary>
    /// The same where etcd has another leader meanwhile, which gives every lease its whole time again: a daemon that ends for a name that nobody
    /// has is not started anew.
    /// </summary>
    private TimeSpan StartPatience => ttl + Patience;

    /// <summary>Both have had their turn within this time, and each has seen the other one.</summary>
    private TimeSpan Memory => 4 * Patience;

    /// <summary>Who finds another one late, because etcd was away, has been at work for long.</summary>
    private bool IsNew => _isStarting && timeProvider.GetElapsedTime(_begun) < Patience;

    /// <summary>What a report says of whom it is.</summary>
    public ProxyIdentity Identity => own();

    /// <summary>The name is held: whoever comes later is a clash that ends nobody.</summary>
    public void Held() => _isStarting = false;

    /// <summary>Whether the report of another lease, which is found under the name, may be overwritten now.</summary>
    public bool MayTakeOver(ReadOnlyMemory<byte> report)
    {
        var found = ProxyRecord.TryRead(report, out var status, out _) ? status.Identity : null;
        var identity = Identity;
        if (found is not null && identity.IsSuccessorOf(found))
        {
            return true;
        }

        // One Kamailio has one daemon: who has just been started ends, and so does who does not see the Kamailio that the other one sees.
        if (found is not null && identity.IsSecondTo(found) && (IsNew || found.SeesMoreThan(identity)))
        {
            _taken.TrySetException(new ProxyNameTakenException(name, found.ToString(), isSameKamailio: true));
            return false;
        }

        See(found?.ToString() ?? "one that does not say which it is (an earlier version, perhaps)");
        if (timeProvider.GetElapsedTime(_otherSince) < (_isStarting ? StartPatience : Patience))
        {
            return false;
        }

        if (_isStarting)
        {
            _taken.TrySetException(new ProxyNameTakenException(name, _other!));
            return false;
        }

        // Its turn is over; the next one of this kind begins with the next report that is not ours.
        var text = $"another proxy reports under the name {SafeText.Shorten(name)}, {_other}: give one of them another name (--proxy)";
        _clash = new ProxyTrouble(TroubleKind.Name, Clash?.Since ?? timeProvider.GetUtcNow(), text);
        _other = null;
        return true;
    }

    private void See(string other)
    {
        var now = timeProvider.GetTimestamp();

        // Checks are a second apart: where etcd was away for a while its leases may have their whole time again.
        var isSame = _other == other && timeProvider.GetElapsedTime(Interlocked.Read(ref _otherSeen), now) < Margin;
        Interlocked.Exchange(ref _otherSeen, now);
        if (isSame)
        {
            return;
        }

        _other = other;
        _otherSince = now;

        _isStarting = IsNew;
        if (Clash is null)
        {
            EtcdLog.NameClash(logger, name, other, _isStarting ? StartPatience : Patience);
        }
    }
}

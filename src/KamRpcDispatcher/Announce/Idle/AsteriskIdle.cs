using KamRpcDispatcher.Asterisk;

namespace KamRpcDispatcher.Announce.Idle;

/// <summary>Idle when Asterisk has no channels.</summary>
internal sealed class AsteriskIdle(AsteriskMonitor asterisk) : IIdleCheck
{
    /// <summary>Why there is no count.</summary>
    public const string NotSaid = "Asterisk does not say how many calls it has";

    public bool Counts => true;

    public async Task<Idleness> CheckAsync(CancellationToken cancellationToken)
    {
        if (await asterisk.CountAsync(cancellationToken).ConfigureAwait(false) is not { } count)
        {
            return new Idleness(null, NotSaid);
        }

        return new Idleness(count.IsIdle, count is { Calls: 0, Channels: > 0 and var channels } ? Count(channels, "channel") : Count(count.Calls, "call"));
    }

    private static string Count(int number, string what) => number == 1 ? $"1 {what}" : $"{number} {what}s";
}

using Microsoft.Extensions.Time.Testing;

namespace KamRpcDispatcher.Tests;

/// <summary>A clock that the test moves, and whose time of day somebody sets: what measures time spans sees nothing of that.</summary>
internal sealed class JumpingTime : FakeTimeProvider
{
    /// <summary>How far the time of day was set.</summary>
    public TimeSpan Jump { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Jump;

    /// <summary>That of the base goes by the time of day.</summary>
    public override long GetTimestamp() => base.GetUtcNow().UtcTicks;
}

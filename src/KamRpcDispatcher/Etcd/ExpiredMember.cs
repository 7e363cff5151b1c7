using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd;

/// <summary>A ready member whose key went without a word: its lease ended, or a listing lacks it.</summary>
/// <param name="Member">What it was last.</param>
/// <param name="At">When its going was noticed.</param>
/// <param name="SetSize">How many ready members its set had then, itself included.</param>
public sealed record ExpiredMember(Member Member, DateTimeOffset At, int SetSize);

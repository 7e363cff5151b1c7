namespace KamRpcDispatcher.Etcd;

/// <summary>A record that cannot be used.</summary>
/// <param name="Key">Its key, made safe to print.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="KeepsLastGood">Whether the member's last usable record stays in force.</param>
public sealed record RejectedRecord(string Key, string Reason, bool KeepsLastGood);

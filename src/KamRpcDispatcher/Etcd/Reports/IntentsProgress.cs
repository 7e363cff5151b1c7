namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>How far a proxy is with what operators wish.</summary>
/// <param name="Revision">Every intent up to this revision of the store is in force whole, and was read back.</param>
/// <param name="Silenced">The revision up to which every disable that intents ask for is in force; null in a report that does not say it.</param>
public sealed record IntentsProgress(long Revision, long? Silenced);

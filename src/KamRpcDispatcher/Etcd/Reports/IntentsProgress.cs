namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>How far a proxy has operators' intents in force.</summary>
/// <param name="Revision">The revision of the store up to which every intent is in force whole, and was read back.</param>
/// <param name="Silenced">The revision up to which everybody whom an intent drains gets no new calls, which may be ahead of that; null where a report does not say it.</param>
public sealed record IntentsProgress(long Revision, long? Silenced)
{
    /// <summary>As <see cref="ProxyStatus.Applies"/> names it.</summary>
    public const string Kind = "intents";
}

/// <summary>How far a proxy has operators' splits in force.</summary>
/// <param name="Revision">The revision of the store up to which every split is in force, and its share map was read back.</param>
public sealed record SplitsProgress(long Revision)
{
    /// <summary>As <see cref="ProxyStatus.Applies"/> names it.</summary>
    public const string Kind = "splits";

    /// <summary>Whether Kamailio has a table for share maps; null until that has been read, and in a report of a version that did not say it.</summary>
    public bool? HasTable { get; init; }
}

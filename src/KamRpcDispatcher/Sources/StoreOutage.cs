namespace KamRpcDispatcher.Sources;

/// <summary>The store cannot be used.</summary>
/// <param name="Since">When that was noticed.</param>
/// <param name="Reason">Why, as it was said last.</param>
internal sealed record StoreOutage(DateTimeOffset Since, string Reason);

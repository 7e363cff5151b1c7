namespace KamRpcDispatcher.Testing;

public sealed record EtcdOptions
{
    /// <summary>Added to etcd's command line.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];
}

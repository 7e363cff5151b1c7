namespace KamRpcDispatcher.Etcd;

/// <summary>What there is of a cluster cannot be read now. Trying again may help.</summary>
public class ClusterUnreachableException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>Reads what there is of a cluster: in etcd, or where none is used from a dispatcher.</summary>
public interface IClusterReader
{
    /// <summary>All of it.</summary>
    /// <exception cref="ClusterUnreachableException">Nothing came for about two seconds.</exception>
    Task<ClusterView> ReadAsync(CancellationToken cancellationToken);

    /// <summary>A number that is another one when something has changed.</summary>
    /// <exception cref="ClusterUnreachableException">Nothing came for about two seconds.</exception>
    Task<long> ReadRevisionAsync(CancellationToken cancellationToken);
}

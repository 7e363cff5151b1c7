using KamailioRpc.Connections;
using KamailioRpc.Errors;

namespace KamailioRpc;

/// <summary>Calls one Kamailio.</summary>
public interface IRpcClient : IAsyncDisposable
{
    /// <summary>Where it listens.</summary>
    KamailioAddress Address { get; }

    /// <summary>What tells the Kamailio that is there now from one before or after it; empty where nothing does.</summary>
    string InstanceToken { get; }

    /// <summary>The calls that Kamailio has left without an answer since it answered last; null for none.</summary>
    Unanswered? Unanswered => null;

    /// <summary>
    /// Calls a method with positional arguments (Kamailio ignores names): strings, booleans, integers, floating-point numbers.
    /// Unless told otherwise one call is under way at a time; others wait for their turn.
    /// </summary>
    /// <exception cref="KamailioRpcException">The call did not succeed; the type says what is known of it.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the request may have been carried out.</exception>
    Task<RpcResult> InvokeAsync(string method, IReadOnlyList<object?> arguments, CancellationToken cancellationToken);
}

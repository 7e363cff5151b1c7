using KamailioRpc;

namespace KamRpcDispatcher.Doctor.Observations.Calls;

/// <summary>Keeps the last answer of every method as it came: its length and its form are findings too.</summary>
internal sealed class RecordingClient(IRpcClient client) : IRpcClient
{
    private readonly Dictionary<string, RpcResult> _answers = new(StringComparer.Ordinal);

    public KamailioAddress Address => client.Address;

    public string InstanceToken => client.InstanceToken;

    public RpcResult? Answer(string method) => _answers.GetValueOrDefault(method);

    public async Task<RpcResult> InvokeAsync(string method, IReadOnlyList<object?> arguments, CancellationToken cancellationToken)
    {
        var answer = await client.InvokeAsync(method, arguments, cancellationToken).ConfigureAwait(false);
        _answers[method] = answer;
        return answer;
    }

    public ValueTask DisposeAsync() => client.DisposeAsync();
}

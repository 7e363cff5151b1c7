using System.Text.Json;

namespace KamRpcDispatcher.Testing;

/// <summary>One request as it arrived.</summary>
/// <param name="Method">Such as "dispatcher.add".</param>
/// <param name="Params">Undefined (<see cref="JsonValueKind.Undefined"/>) when the request has none.</param>
/// <param name="Id">Undefined when the request has none.</param>
/// <param name="Sequence">1 for the first request after the start of the fake; goes on through restarts.</param>
public sealed record FakeRequest(string Method, JsonElement Params, JsonElement Id, int Sequence)
{
    public override string ToString() =>
        $"#{Sequence} {Method} {(Params.ValueKind == JsonValueKind.Undefined ? "" : Params.GetRawText())}";
}

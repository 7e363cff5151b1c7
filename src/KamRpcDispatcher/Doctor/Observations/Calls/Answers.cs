using System.Text.Json;
using KamailioRpc;
using KamailioRpc.Errors;

namespace KamRpcDispatcher.Doctor.Observations.Calls;

/// <summary>Calls of which it matters that they were not answered, but not to the calls after them.</summary>
internal static class Answers
{
    public static async Task<Observed<T>> TryAsync<T>(Func<Task<T>> call)
        where T : notnull
    {
        try
        {
            return Observed<T>.Of(await call().ConfigureAwait(false));
        }
        catch (KamailioRpcException exception)
        {
            return Observed<T>.Not(exception.Message);
        }
    }

    /// <summary>An answer that is a list of texts, or one text; empty when there is none.</summary>
    public static async Task<IReadOnlyList<string>> TextsAsync(IRpcClient client, string method, CancellationToken cancellationToken)
    {
        var answer = await TryAsync(() => client.InvokeAsync(method, [], cancellationToken)).ConfigureAwait(false);
        return answer.Try(out var result, out _)
            ? result.ToElement() switch
            {
                { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(static text => text.ToString())],
                { ValueKind: JsonValueKind.String } text => [text.ToString()],
                _ => [],
            }
            : [];
    }

    /// <summary><c>core.ppdefines_full</c>: the defines at the end of the configuration. Empty when not told.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> DefinesAsync(IRpcClient client, CancellationToken cancellationToken)
    {
        var defines = new Dictionary<string, string>(StringComparer.Ordinal);
        var answer = await TryAsync(() => client.InvokeAsync("core.ppdefines_full", [], cancellationToken)).ConfigureAwait(false);
        if (answer.Try(out var result, out _) && result.ToElement() is { ValueKind: JsonValueKind.Array } list)
        {
            foreach (var define in list.EnumerateArray())
            {
                if (define.ValueKind == JsonValueKind.Object && define.TryGetProperty("name", out var name) && define.TryGetProperty("value", out var value))
                {
                    defines[name.ToString()] = value.ToString();
                }
            }
        }

        return defines;
    }

    /// <summary>A define's value without quotes; null where there is no such define.</summary>
    public static string? Define(IReadOnlyDictionary<string, string> defines, string name) => defines.GetValueOrDefault(name)?.Trim('"');
}

using System.Text.Json;
using KamRpcDispatcher.Push.Rpc;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>Reads the result of <c>core.psx</c>: an array of <c>{IDX, PID, DSC}</c>.</summary>
internal static class ProcessListReader
{
    /// <exception cref="KamailioGarbledReplyException">It has another shape.</exception>
    public static IReadOnlyList<KamailioProcess> Read(JsonElement result)
    {
        if (result.ValueKind != JsonValueKind.Array)
        {
            throw new KamailioGarbledReplyException("the process list is no array");
        }

        try
        {
            return [.. result.EnumerateArray().Select(ReadProcess)];
        }
        catch (InvalidOperationException exception)
        {
            throw new KamailioGarbledReplyException("the process list holds something else than processes", exception);
        }
    }

    private static KamailioProcess ReadProcess(JsonElement process) =>
        process.ValueKind == JsonValueKind.Object
        && process.TryGetProperty("PID", out var pid)
        && pid.ValueKind == JsonValueKind.Number
        && pid.TryGetInt32(out var number)
        && process.TryGetProperty("DSC", out var description)
        && description.ValueKind == JsonValueKind.String
            ? new KamailioProcess(number, description.GetString()!)
            : throw new KamailioGarbledReplyException("a process of the process list has no PID or description");
}

using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>Which options this <c>kamrpc dispatch</c> has.</summary>
internal static class DispatchHelp
{
    private static readonly Lazy<Task<string>> Text = new(ReadAsync);

    public static async Task<bool> HasAsync(string option) => (await Text.Value).Contains(option, StringComparison.Ordinal);

    /// <returns>The options with their values, those left out that it does not have.</returns>
    public static async Task<string[]> OnlyKnownAsync(params (string Option, string Value)[] options)
    {
        var known = new List<string>();
        foreach (var (option, value) in options)
        {
            known.AddRange(await HasAsync(option) ? [option, value] : []);
        }

        return [.. known];
    }

    private static async Task<string> ReadAsync()
    {
        await using var help = ServerProcess.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "kamrpc.dll"), "dispatch", "--help"]);
        await help.Gone.WaitAsync(TimeSpan.FromSeconds(15));
        return help.Output;
    }
}

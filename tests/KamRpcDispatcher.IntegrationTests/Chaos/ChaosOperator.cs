using System.Diagnostics;
using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>An operator at work while everything goes wrong. What a command could write counts, not how it ended; what is undone afterwards has to end well.</summary>
/// <param name="fleet">Where.</param>
internal sealed class ChaosOperator(Fleet fleet)
{
    private const int Refused = 4;
    private const int Usage = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(1);

    public Task DrainAsync() => TryAsync("drain", "stable-1", "--force");

    public Task ResumeAsync() => DoAsync("resume", "stable-1");

    /// <summary>Of one who stays and of whoever is there of the others.</summary>
    public Task WeighAsync() => TryAsync("weight", "stable-0", "20");

    public Task WeighAsBeforeAsync() => DoAsync("weight", "stable-0", "--reset");

    public async Task SplitAsync()
    {
        await TryAsync("split", "1", "version=v1:90", "version=v2:10", "--force");
        await TryAsync("split", "1", "version=v1:50", "version=v2:50", "--force");
    }

    public Task JoinAsync() => DoAsync("split", "1", "--clear");

    /// <summary>A canary whose runner is killed in its first step, and that another process goes on with.</summary>
    public async Task RollOutAsync()
    {
        var runner = fleet.Start(["rollout", "canary", "1", "--label", ExpectedMember.Label, "--to", "v2", "--steps", "20,60,100", "--interval", "300ms", "--gate", "true", "--force", .. Etcd]);
        try
        {
            await runner.WaitForLineAsync("step 1 of 3", Patience);
        }
        catch (InvalidOperationException)
        {
            // It could not be written.
            return;
        }

        runner.Kill();
        string? phase = null;
        for (var begun = Stopwatch.GetTimestamp(); phase is "running" or "paused" or null; phase = await PhaseAsync())
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Patience), "the rollout is taken over");

            // Refused until the lease of the one that was killed has ended.
            await Task.Delay(BetweenTries);
            await TryAsync("rollout", "resume", "1");
        }

        Assert.That(phase, Is.EqualTo("done"), "whoever took it over went its last step");
    }

    public async Task RollBackAsync()
    {
        if (await PhaseAsync() is { } phase and not "none")
        {
            await DoAsync("rollout", phase == "done" ? "undo" : "abort", "1");
        }
    }

    private string[] Etcd => ["--etcd", fleet.Etcd.Endpoint];

    /// <returns>"none" without a rollout; null while etcd does not answer.</returns>
    private async Task<string?> PhaseAsync()
    {
        var (exitCode, output, _) = await Kamrpc.RunAsync(["rollout", "status", "1", "-o", "json", .. Etcd]);
        return exitCode > 1 ? null : JsonElement.Parse(output).GetProperty("rollouts") is { } all && all.GetArrayLength() == 0 ? "none" : all[0].GetProperty("phase").GetString();
    }

    private async Task<(int ExitCode, string Output, string Errors)> TryAsync(params string[] arguments)
    {
        var answer = await Kamrpc.RunAsync(Patience, [.. arguments, .. Etcd]);
        Assert.That(answer.ExitCode, Is.Not.EqualTo(Usage).And.Not.EqualTo(arguments[0] == "rollout" ? Usage : Refused), $"{string.Join(' ', arguments)}:\n{answer.Output}{answer.Errors}");
        return answer;
    }

    private async Task DoAsync(params string[] arguments)
    {
        var answer = await Kamrpc.RunAsync(Patience, [.. arguments, .. Etcd]);
        Assert.That(answer.ExitCode, Is.Zero, $"{string.Join(' ', arguments)}:\n{answer.Output}{answer.Errors}");
    }
}

using System.Diagnostics;
using System.Text.Json;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Fleets;

/// <summary>Looks with <c>kamrpc status</c> and <c>kamrpc doctor</c> at a fleet, again and again, until both say what is wrong.</summary>
/// <param name="fleet">What is looked at.</param>
/// <param name="starter">What starts the doctor, which looks with its user's rights; none for the test's.</param>
internal sealed class BothCommands(Fleet fleet, params string[] starter)
{
    /// <summary>Within this of the situation the look has begun that finds it.</summary>
    private static readonly TimeSpan InTime = TimeSpan.FromSeconds(3);

    /// <summary>Waits until nothing is found: the situations are made out of that.</summary>
    public Task AreContentAsync()
    {
        var now = Stopwatch.GetTimestamp();
        return Task.WhenAll(LookAsync("status", now, Fleet.Deadline, LookAtStatusAsync), LookAsync("doctor", now, Fleet.Deadline, LookAtDoctorAsync));

        async Task<(bool, string)> LookAtStatusAsync()
        {
            var (exitCode, codes) = await StatusAsync();
            return (exitCode == 0 && codes.Length == 0, Say(exitCode, codes));
        }

        async Task<(bool, string)> LookAtDoctorAsync()
        {
            var (exitCode, findings) = await DoctorAsync();
            return (exitCode == 0, Say(exitCode, findings));
        }
    }

    /// <summary>Of status, with exit code 1.</summary>
    /// <param name="since">When the situation began.</param>
    /// <param name="codes">The codes of all that it finds.</param>
    /// <param name="inTime">Within how long; three seconds if nothing is said.</param>
    public Task StatusFindsAsync(long since, string[] codes, TimeSpan? inTime = null) => LookAsync("status", since, inTime ?? InTime, async () =>
    {
        var (exitCode, found) = await StatusAsync();
        return (exitCode == 1 && codes.All(found.Contains), Say(exitCode, found));
    });

    /// <summary>Of doctor, with an exit code that is not 0: 3 where Kamailio does not answer.</summary>
    /// <param name="since">When the situation began.</param>
    /// <param name="exitCode">The exit code.</param>
    /// <param name="check">The check that finds it.</param>
    /// <param name="text">A part of what it says.</param>
    public async Task<IReadOnlyList<DoctorFinding>> DoctorFindsAsync(long since, int exitCode, string check, string text)
    {
        IReadOnlyList<DoctorFinding> last = [];
        await LookAsync("doctor", since, InTime, async () =>
        {
            (var exited, last) = await DoctorAsync();
            return (exited == exitCode && last.Any(finding => finding.Check == check && finding.Severity == "error" && finding.Text.Contains(text, StringComparison.Ordinal)), Say(exited, last));
        });
        return last;
    }

    public async Task<(int ExitCode, string[] Codes)> StatusAsync()
    {
        var (exitCode, output, errors) = await Kamrpc.RunAsync("status", "-o", "json", "--etcd", fleet.Etcd.Endpoint);
        Assert.That(output, Is.Not.Empty, errors);
        return (exitCode, [.. JsonElement.Parse(output).GetProperty("problems").EnumerateArray().Select(static problem => problem.GetProperty("code").GetString()!)]);
    }

    public async Task<(int ExitCode, IReadOnlyList<DoctorFinding> Findings)> DoctorAsync()
    {
        using var folder = new TemporaryFolder();
        File.SetUnixFileMode(folder.Path, (UnixFileMode)Convert.ToInt32("1777", 8));
        var (exitCode, output, errors) = await Kamrpc.RunAsAsync(starter, Fleet.Deadline, "doctor", "-o", "json", "--etcd", fleet.Etcd.Endpoint, "--kamailio", fleet.Kamailio.RpcAddress, "--reply-dir", folder.File("r"));
        Assert.That(output, Is.Not.Empty, errors);
        return (exitCode, DoctorRun.Read(exitCode, output));
    }

    private static async Task LookAsync(string command, long since, TimeSpan inTime, Func<Task<(bool, string)>> look)
    {
        while (true)
        {
            var begun = Stopwatch.GetElapsedTime(since);
            var (isFound, said) = await look();
            if (isFound)
            {
                await TestContext.Out.WriteLineAsync($"{command}: by a look that began after {begun.TotalSeconds:0.0} s and ended after {Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s: {said.Split('\n')[0]}");
                return;
            }

            // Every look that begins after the time finds it: how long one takes is the machine's.
            Assert.That(begun, Is.LessThan(inTime), $"{command} does not say it in time, but:\n{said}");
        }
    }

    private static string Say(int exitCode, IEnumerable<string> codes) => $"exit code {exitCode}, {string.Join(", ", codes)}";

    private static string Say(int exitCode, IEnumerable<DoctorFinding> findings) => $"exit code {exitCode}, {string.Join(" | ", findings.Where(static finding => finding.IsProblem))}";
}

using System.Diagnostics;
using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Probe;
using KamRpcDispatcher.Probe.Command;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Probe;

[NonParallelizable] // Sets an environment variable, and adopts orphans.
public sealed class CommandProbeTests
{
    private const string OwnVariable = "KAMRPC_ETCD_PASSWORD";

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    private TemporaryFolder _folder;

    [SetUp]
    public void Open()
    {
        _folder = new TemporaryFolder();
        Environment.SetEnvironmentVariable(OwnVariable, "secret");
    }

    [TearDown]
    public void Close()
    {
        Environment.SetEnvironmentVariable(OwnVariable, null);
        _folder.Dispose();
    }

    [TestCase("true", ProbeVerdict.Alive, "exit code 0")]
    [TestCase("echo all well", ProbeVerdict.Alive, "exit code 0")]
    [TestCase("exit 75", ProbeVerdict.Leaving, "exit code 75")]
    [TestCase("echo draining; exit 75", ProbeVerdict.Leaving, "exit code 75: draining")]
    [TestCase("exit 1", ProbeVerdict.Dead, "exit code 1")]
    [TestCase("echo one; echo two; echo; echo '  '; exit 3", ProbeVerdict.Dead, "exit code 3: two")]
    [TestCase("echo out; echo err >&2; echo out; exit 3", ProbeVerdict.Dead, "exit code 3: err")]
    [TestCase("printf 'a\\tb\\001'; exit 3", ProbeVerdict.Dead, @"exit code 3: a\u0009b\u0001")]
    [TestCase("kill -9 $$", ProbeVerdict.Dead, "exit code 137")]
    [TestCase("/no/such/program 2>/dev/null", ProbeVerdict.Dead, "exit code 127")]
    [TestCase("read line; exit $?", ProbeVerdict.Dead, "exit code 1", Description = "there is no input")]
    [TestCase("env | grep KAMRPC_ && exit 1; env | grep -q PATH", ProbeVerdict.Alive, "exit code 0")]
    public async Task The_exit_code_decides(string command, ProbeVerdict verdict, string reason) =>
        Assert.That(await LookAsync(command, Long), Is.EqualTo(new ProbeOutcome(verdict, reason)));

    [Test]
    public async Task What_is_printed_without_end_is_read_at_a_rate_that_costs_little()
    {
        var endless = new EndlessReader();
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await new LastLine(100).ReadAsync(endless, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Sixteen thousand characters each two milliseconds, at most; without a rest it is gigabytes.
        Assert.That(endless.Read, Is.GreaterThan(1024 * 1024).And.LessThan(8 * 1024 * 1024));
    }

    private sealed class EndlessReader : TextReader
    {
        public new int Read { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<char> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill('y');
            Read += buffer.Length;
            return ValueTask.FromResult(buffer.Length);
        }
    }

    [Test]
    public async Task Output_without_an_end_becomes_a_reason_too()
    {
        var outcome = await LookAsync("head -c 10000000 /dev/zero | tr '\\0' x; exit 1", Long);

        Assert.That(outcome.Reason, Does.StartWith("exit code 1: xxx"));
        Assert.That(outcome.Reason, Has.Length.EqualTo(MemberValidation.MaxReasonLength));
    }

    [Test]
    public async Task At_the_timeout_all_that_the_command_started_is_killed()
    {
        var pids = _folder.File("pids");

        var outcome = await LookAsync($"sleep 100 & echo $! > {pids}; (sleep 100 & echo $! >> {pids}; wait) & echo $$ >> {pids}; wait", TimeSpan.FromMilliseconds(500));

        Assert.That(outcome, Is.EqualTo(new ProbeOutcome(ProbeVerdict.Dead, "the command did not end within 500ms")));
        AssertGone(pids, count: 3);
    }

    [Test]
    public async Task What_a_command_leaves_behind_is_killed_and_not_waited_for()
    {
        var pids = _folder.File("pids");
        var begun = Stopwatch.GetTimestamp();

        var outcome = await LookAsync($"sleep 100 & echo $! > {pids}; sleep 100 >/dev/null 2>&1 & echo $! >> {pids}; exit 1", Long);

        Assert.That(outcome.Reason, Is.EqualTo("exit code 1"));
        Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(TimeSpan.FromSeconds(10)));
        AssertGone(pids, count: 2);
    }

    [Test]
    public async Task A_process_that_leaves_the_group_does_not_hold_the_look_up()
    {
        var pids = _folder.File("pids");
        var begun = Stopwatch.GetTimestamp();

        var outcome = await LookAsync($"setsid -f sh -c 'echo $$ > {pids}; exec sleep 100'; while ! test -s {pids}; do sleep 0.01; done; echo done; exit 1", Long);

        Assert.That(outcome.Reason, Is.EqualTo("exit code 1: done"));
        Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(TimeSpan.FromSeconds(10)));
        using var left = Process.GetProcessById(Pids(pids).Single());
        left.Kill();
    }

    [Test]
    public async Task Orphans_of_the_first_process_in_a_container_do_not_stay_zombies()
    {
        var pids = _folder.File("pids");
        using var orphanage = new Orphanage();

        await LookAsync($"sleep 100 & echo $! > {pids}; wait", TimeSpan.FromMilliseconds(500));

        Assert.That(Directory.Exists($"/proc/{Pids(pids).Single()}"), Is.False);
    }

    [Test]
    public async Task A_cancelled_look_throws_and_ends_the_command()
    {
        var pids = _folder.File("pids");
        using var cancelled = new CancellationTokenSource();
        await using var probe = new CommandProbe($"sleep 100 & echo $! > {pids}; wait", Long);
        var looking = probe.ProbeAsync(cancelled.Token);
        Assert.That(() => File.Exists(pids) && Pids(pids).Length == 1, Is.True.After(delayInMilliseconds: 10_000, pollingInterval: 10));
        await cancelled.CancelAsync();

        Assert.That(async () => await looking.WaitAsync(Long), Throws.InstanceOf<OperationCanceledException>());
        AssertGone(pids, count: 1);
    }

    private static async Task<ProbeOutcome> LookAsync(string command, TimeSpan timeout)
    {
        await using var probe = new CommandProbe(command, timeout);
        return await probe.ProbeAsync(CancellationToken.None);
    }

    private static int[] Pids(string file) => Array.ConvertAll(File.ReadAllLines(file), static line => int.Parse(line, CultureInfo.InvariantCulture));

    /// <summary>Gone, or a zombie that its new parent, which is not ours, has yet to wait for.</summary>
    private static void AssertGone(string file, int count)
    {
        var pids = Pids(file);
        Assert.That(pids, Has.Length.EqualTo(count));
        Assert.That(() => pids.Where(IsRunning), Is.Empty.After(delayInMilliseconds: 5000, pollingInterval: 10));
    }

    private static bool IsRunning(int pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}

using System.Diagnostics;
using KamRpcDispatcher.Linux;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Linux;

public class ProcessInstanceTests
{
    [Test]
    public void This_process_lives_and_one_with_its_id_of_another_time_has_ended()
    {
        Assert.That(ProcessInstance.Own, Does.StartWith($"{Environment.ProcessId}-"));
        Assert.That(ProcessInstance.Lives(ProcessInstance.Own!), Is.True);
        Assert.That(ProcessInstance.Lives($"{Environment.ProcessId}-1"), Is.False);
        Assert.That(ProcessInstance.Lives("2147483646-1"), Is.False);
    }

    [TestCase("")]
    [TestCase("-1")]
    [TestCase("0-1")]
    [TestCase("1")]
    [TestCase("x-1")]
    [TestCase("1-2-3")]
    public void Of_what_names_no_process_nothing_is_known(string text) => Assert.That(ProcessInstance.Lives(text), Is.Null);

    [Test]
    public void One_that_nobody_has_waited_for_has_ended_nevertheless()
    {
        // The shell becomes sleep, which waits for no child: what ended behind it stays. It ends only then, since a shell would wait for it.
        const string Script = "until read -r name </proc/$$/comm && [ $name = sleep ]; do :; done & echo $!; exec sleep 600";
        using var parent = Process.Start(new ProcessStartInfo("sh", ["-c", Script]) { RedirectStandardOutput = true })!;
        try
        {
            var pid = int.Parse(parent.StandardOutput.ReadLine()!, System.Globalization.CultureInfo.InvariantCulture);
            Assert.That(() => File.ReadAllText($"/proc/{pid}/stat"), Does.Contain(") Z ").After(10_000, 10));
            Assert.That(ProcessInstance.Lives(ProcessInstance.Format(pid, ProcessInstance.StartOf(pid)!)), Is.False);
        }
        finally
        {
            parent.Kill();
        }
    }
}

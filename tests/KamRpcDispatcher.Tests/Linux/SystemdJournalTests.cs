using KamRpcDispatcher.Linux;
using Microsoft.Win32.SafeHandles;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Linux;

public class SystemdJournalTests
{
    [Test]
    public void Standard_error_leads_to_the_journal_only_where_the_variable_names_that_very_file()
    {
        using var stream = new SafeFileHandle(2, ownsHandle: false);
        var status = FileStatus.Of(stream)!.Value;

        Assert.That(SystemdJournal.IsStandardError(SystemdJournal.Text(status)));
        Assert.That(SystemdJournal.IsStandardError(SystemdJournal.Text(status with { Inode = status.Inode + 1 })), Is.False);
        Assert.That(SystemdJournal.IsStandardError(SystemdJournal.Text(status with { DeviceMinor = status.DeviceMinor + 1 })), Is.False);
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("journal")]
    public void What_names_no_file_is_none(string? variable) => Assert.That(SystemdJournal.IsStandardError(variable), Is.False);

    [TestCase(0u, 8u, "8:42")]
    [TestCase(8u, 1u, "2049:42")]
    [TestCase(0x1234u, 0x12345u, "17592491324485:42")]
    public void The_device_is_one_number_as_stat_shows_it(uint major, uint minor, string text) =>
        Assert.That(SystemdJournal.Text(new FileStatus(42, major, minor, 0, 0, UnixFileMode.None, 0, 1, 0)), Is.EqualTo(text));
}

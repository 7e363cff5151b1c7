using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Testing;
using Microsoft.Win32.SafeHandles;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Linux;

public class NamedLockTests
{
    private const string Name = "lock";

    [Test]
    [CancelAfter(60_000)]
    public void Of_many_that_take_and_release_one_lock_no_two_have_it(CancellationToken cancellationToken)
    {
        const int Turns = 300;
        using var folder = new TemporaryFolder();
        var (holders, most, taken) = (0, 0, 0);

        Parallel.For(0, 4, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = 4 }, _ =>
        {
            for (var turn = 0; turn < Turns;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Take(folder.Path) is not { } file)
                {
                    continue;
                }

                turn++;
                InterlockedMax(ref most, Interlocked.Increment(ref holders));
                Interlocked.Increment(ref taken);
                Thread.Yield();
                Interlocked.Decrement(ref holders);
                NamedLock.Release(folder.File(Name), file);
            }
        });

        Assert.That((most, taken), Is.EqualTo((1, 4 * Turns)));
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Empty);
    }

    [Test]
    public void A_file_that_lost_its_name_before_it_was_locked_is_none()
    {
        using var folder = new TemporaryFolder();
        using var directory = SafeDirectory.Open(folder.Path);
        var opened = 0;

        using var file = NamedLock.Take(directory, Name, () =>
        {
            var made = directory.Create(Name, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            if (++opened == 1)
            {
                directory.TryDelete(Name);
            }

            return made;
        }, out var isTaken);

        Assert.That((opened, isTaken), Is.EqualTo((2, true)));
        Assert.That(NamedLock.Has(directory, Name, file!));
    }

    /// <summary>Null when somebody else has it.</summary>
    private static SafeFileHandle? Take(string path)
    {
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            using var directory = SafeDirectory.Open(path);
            var file = NamedLock.Take(directory, Name, () => directory.Open(Name, isWritable: true) ?? directory.Create(Name, Mode) ?? directory.Open(Name, isWritable: true), out var isTaken);
            if (isTaken)
            {
                return file;
            }

            file?.Dispose();
        }
        catch (IOException)
        {
            // It came and went too often: the next try.
        }

        return null;
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var known = Volatile.Read(ref most); value > known; known = Volatile.Read(ref most))
        {
            if (Interlocked.CompareExchange(ref most, value, known) == known)
            {
                return;
            }
        }
    }
}

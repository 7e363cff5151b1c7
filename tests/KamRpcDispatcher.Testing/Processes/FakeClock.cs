namespace KamRpcDispatcher.Testing;

/// <summary>A clock that a test sets for the programs that it starts here, with libfaketime. What they measure time spans with is real.</summary>
public sealed class FakeClock
{
    private readonly string _file;

    public FakeClock(TemporaryFolder folder)
    {
        _file = folder.File("clock");
        Set(TimeSpan.Zero);
    }

    /// <summary>Sets it to so much after the real time, which every look at the clock costs the reading of a file.</summary>
    public void Set(TimeSpan offset)
    {
        // Renamed, so that nobody reads half of it.
        File.WriteAllText(_file + ".new", FormattableString.Invariant($"{offset.TotalSeconds:+0;-0}\n"));
        File.Move(_file + ".new", _file, overwrite: true);
    }

    /// <summary>As <see cref="ServerProcess.Start"/>.</summary>
    public ServerProcess Start(string program, IEnumerable<string> arguments) => ServerProcess.Start("env",
    [
        $"LD_PRELOAD={FindLibrary()}", $"FAKETIME_TIMESTAMP_FILE={_file}", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1",
        RealServers.Find(program), .. arguments,
    ]);

    /// <summary>Debian has it in /usr/lib/x86_64-linux-gnu/faketime, or that of another architecture.</summary>
    private static string FindLibrary() =>
        Directory.GetDirectories("/usr/lib").Append("/usr/lib").Append("/usr/lib64")
            .Select(static folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1"))
            .First(File.Exists);
}

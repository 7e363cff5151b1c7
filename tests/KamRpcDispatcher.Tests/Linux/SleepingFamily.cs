using System.Diagnostics;
using System.Globalization;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.Tests.Linux;

/// <summary>A process of which another one is the child, as Kamailio's are, both called <c>sleep</c>. The parent takes no note of the child's end.</summary>
internal sealed class SleepingFamily : IDisposable
{
    private readonly Process _parent;

    private SleepingFamily(Process parent, int child) => (_parent, Child) = (parent, child);

    public static string Name => "sleep";

    public int Parent => _parent.Id;

    public int Child { get; }

    public static async Task<SleepingFamily> StartAsync()
    {
        var parent = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "sleep 600 >/dev/null 2>&1 & echo $!; exec sleep 600"]) { RedirectStandardOutput = true })!;
        var child = int.Parse((await parent.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        return new SleepingFamily(parent, child);
    }

    /// <summary>Once both are what they are to be.</summary>
    public async Task SignalChildAsync(string signal) => await Tool.RunAsync("kill", [signal, Child.ToString(CultureInfo.InvariantCulture)], string.Empty);

    public void Dispose()
    {
        using (var child = Find(Child))
        {
            child?.Kill();
        }

        _parent.Kill();
        _parent.Dispose();
    }

    private static Process? Find(int pid)
    {
        try
        {
            return Process.GetProcessById(pid);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}

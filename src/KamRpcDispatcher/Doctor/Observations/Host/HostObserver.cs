using System.Globalization;
using KamailioRpc;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Doctor.Observations.Host;

/// <summary>Searches procfs for the Kamailio that does not answer.</summary>
internal static class HostObserver
{
    /// <summary>A process's start is told from the kernel's, which is told in whole seconds.</summary>
    private static readonly TimeSpan Uncertainty = TimeSpan.FromSeconds(2);

    private const string Program = "kamailio";
    private static readonly Dictionary<string, string> NoDefines = [];

    /// <summary>More are not examined one by one.</summary>
    private const int Most = 8;

    /// <param name="address">Where it should answer; null when any place will do.</param>
    /// <param name="replies">The directory for its replies; null where there is none.</param>
    /// <param name="configFile">Its configuration as the operator names it; null for the one that it was started with.</param>
    /// <returns>The Kamailios here, the one that is meant first; or why they cannot be seen.</returns>
    public static Observed<IReadOnlyList<RunningKamailio>> Observe(KamailioAddress? address, string? replies, string? configFile)
    {
        if (FileStatus.Of("/proc/1/.") is null)
        {
            return Observed<IReadOnlyList<RunningKamailio>>.Not("procfs hides other users' processes (hidepid)");
        }

        var processes = ProcessEntry.All(Program);
        var families = processes.Where(process => !processes.Any(other => other.Pid == process.Parent))
            .Select(main => (Main: main, All: processes.Where(process => process == main || process.Parent == main.Pid).ToList())).Take(Most);
        return Observed<IReadOnlyList<RunningKamailio>>.Of([.. families
            .Select(family => Observe(family.Main, family.All, address, replies, configFile)).OfType<RunningKamailio>()
            .OrderByDescending(kamailio => Match(kamailio, address))]);
    }

    /// <summary>How sure it is that this one is meant.</summary>
    private static int Match(RunningKamailio kamailio, KamailioAddress? address) =>
        kamailio.Worker.Try(out var worker, out _) && worker.Holders.Count > 0 ? 2
        : address is not null && kamailio.Places.Any(place => place.Is(address)) ? 1
        : 0;

    private static RunningKamailio? Observe(ProcessEntry main, List<ProcessEntry> all, KamailioAddress? address, string? replies, string? configFile)
    {
        if (Credentials.Of(main.Pid) is not { } user)
        {
            return null;
        }

        var commandLine = CommandLine.Read(main.Arguments);
        var filesRoot = configFile is null ? KamailioRoot.Of(main.Pid) : string.Empty;
        var config = ConfigFiles.Read(configFile, commandLine, [ConfigFiles.StartDirectory(main.Pid) ?? "/"], NoDefines, started: null, filesRoot);
        var root = string.Create(CultureInfo.InvariantCulture, $"/proc/{main.Pid}/root");
        var isRootSeen = FileStatus.Of(root + "/.") is not null;
        var sharesReplies = replies is null ? true : !isRootSeen ? Observed<bool>.Not(Hidden) : IsSame(replies, root + replies);
        return new RunningKamailio(main.Pid, user, commandLine)
        {
            Config = config,
            Changed = config.Try(out var read, out _) && main.Started is { } started ? read.Files.FirstOrDefault(file => File.GetLastWriteTimeUtc(filesRoot + file) > started + Uncertainty) : null,
            Stopped = [.. all.Where(static process => process.IsStopped).Select(static process => process.Pid)],
            Worker = address?.Path is { } path ? WorkerObserver.Observe(all, path) : Observed<Worker>.Not("not reached by a path"),
            HasSocket = address?.Path is not { } socket || !isRootSeen ? Observed<bool>.Not(Hidden) : FileStatus.Of(root + socket) is not null,
            SharesReplies = sharesReplies,
            Hider = sharesReplies.Try(out var isShared, out _) && !isShared ? MountTable.Hider(main.Pid, replies!) : null,
        };
    }

    private static string Hidden => $"user {Credentials.Own.Name} may not look into its processes";

    private static Observed<bool> IsSame(string here, string there) => FileStatus.Of(here) is { } ours && FileStatus.Of(there) is { } theirs && ours.IsSameFile(theirs);
}

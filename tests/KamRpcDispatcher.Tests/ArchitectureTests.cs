using System.Text.RegularExpressions;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests;

/// <summary>The folders are the rooms of the house, in which a change's path can be read; a room sees those around it, and else only those that it may.</summary>
public partial class ArchitectureTests
{
    private const int MostFiles = 15;
    private const int MostLines = 250;

    /// <summary>Each room with what it may see; "." is the outermost.</summary>
    private const string Product = """
        .: Claim Etcd.Proxies Linux
        Announce: Announce.Calls Announce.Handover Announce.Idle Asterisk Destinations Destinations.Addresses Etcd.Connection Etcd.Keys Etcd.Leases Etcd.Proxies Probe Sources Sources.Records Telemetry
        Announce.Calls: Announce.Idle Asterisk Destinations Etcd.Connection Etcd.Keys Etcd.Leases Sources.Records
        Announce.Handover: Destinations Destinations.Addresses Etcd.Connection Etcd.Keys Etcd.Leases Etcd.Proxies Probe Sources.Records
        Announce.Idle: Asterisk Probe Probe.Command
        Asterisk: Asterisk.Ami Destinations Linux
        Asterisk.Ami: Destinations
        Claim: Destinations Linux
        Destinations: Destinations.Addresses
        Destinations.Addresses:
        Destinations.Operators: Destinations
        Dispatch: Claim Destinations Destinations.Addresses Dispatch.Contact Dispatch.Cycles Dispatch.Dialogs Dispatch.Following Dispatch.Logs Dispatch.Pace Dispatch.Policy Dispatch.Report Dispatch.Shares Etcd Etcd.Connection Etcd.Keys Etcd.Operators Etcd.Proxies Etcd.Reports Local Plan Plan.Order Processes Push Push.Grace Push.Guards Push.Reading Push.Shares Sources Sources.Operators Sources.Origins Telemetry
        Dispatch.Contact: Dispatch.Cycles Etcd.Reports
        Dispatch.Cycles: Destinations Dispatch.Shares Etcd.Reports Plan Push Sources
        Dispatch.Dialogs: Destinations Etcd.Reports.Dialogs Plan Push Sources
        Dispatch.Following: Destinations Destinations.Operators Etcd Etcd.Connection Etcd.Keys Etcd.Members Etcd.Operators Etcd.Reports Linux Plan Sources Sources.Files Sources.Kubernetes Sources.Kubernetes.Access Sources.Kubernetes.Api Sources.Kubernetes.Merging Sources.Operators Sources.Origins
        Dispatch.Logs: Destinations Dispatch.Cycles Dispatch.Policy Etcd.Reports Plan Push Sources Sources.Records
        Dispatch.Pace: Destinations Dispatch.Cycles Dispatch.Policy Dispatch.Shares Plan Push Sources
        Dispatch.Policy: Destinations Dispatch.Cycles Doctor.Observations.Configured Etcd.Reports Plan Plan.Order Processes Processes.Views Push Push.Boot Push.Grace Push.Guards Push.Reading Sources
        Dispatch.Report: Destinations Destinations.Addresses Destinations.Operators Dispatch.Contact Dispatch.Cycles Dispatch.Following Dispatch.Logs Dispatch.Policy Etcd Etcd.Proxies Etcd.Reports Etcd.Reports.Dialogs Local Plan Push Push.Grace Push.Guards Push.Reading Sources
        Dispatch.Shares: Destinations Destinations.Operators Dispatch.Cycles Dispatch.Report Etcd.Keys Etcd.Reports Plan Plan.Shares Push Push.Shares Sources.Operators
        Doctor: Doctor.Checks Doctor.Checks.Cluster Doctor.Checks.Sockets Doctor.Observations Doctor.Observations.Sockets Etcd.Connection Local
        Doctor.Checks: Destinations Destinations.Addresses Doctor.Checks.Cluster Doctor.Checks.Settings Doctor.Checks.Sockets Doctor.Observations Etcd Etcd.Proxies Etcd.Reports Local
        Doctor.Checks.Cluster: Destinations Destinations.Addresses Destinations.Operators Doctor.Checks.Settings Doctor.Observations Etcd Etcd.Proxies Etcd.Reports
        Doctor.Checks.Settings: Destinations Doctor.Config Doctor.Config.Reading Doctor.Observations Doctor.Observations.Configured
        Doctor.Checks.Sockets: Doctor.Observations Doctor.Observations.Host Doctor.Observations.Sockets
        Doctor.Config: Doctor.Config.Reading
        Doctor.Config.Reading:
        Doctor.Observations: Claim Destinations Destinations.Addresses Destinations.Operators Doctor.Config Doctor.Observations.Calls Doctor.Observations.Configured Doctor.Observations.Host Doctor.Observations.Sockets Etcd Etcd.Connection Etcd.Keys Etcd.Proxies Etcd.Reports Linux Local Processes Processes.Views Push.Shares Sources.Records
        Doctor.Observations.Calls:
        Doctor.Observations.Configured: Doctor.Config Doctor.Config.Reading Doctor.Observations.Calls Linux Processes
        Doctor.Observations.Host: Doctor.Config Doctor.Observations.Configured Doctor.Observations.Sockets Linux Processes Processes.Views
        Doctor.Observations.Sockets: Claim Doctor.Config Doctor.Observations.Configured Doctor.Observations.Host Linux Processes
        Doctor.Snippet: Doctor.Config Doctor.Config.Reading Doctor.Snippet.Checks Linux
        Doctor.Snippet.Checks: Doctor.Config Doctor.Config.Reading Processes
        Etcd: Destinations Destinations.Operators Etcd.Connection Etcd.Connection.Security Etcd.Keys Etcd.Members Etcd.Proxies Etcd.Reports Etcd.Reports.Dialogs Etcd.Reports.Format Sources.Records
        Etcd.Connection: Destinations Etcd.Connection.Security
        Etcd.Connection.Security: Destinations
        Etcd.Keys: Destinations Etcd.Connection
        Etcd.Leases: Destinations Etcd.Connection Etcd.Keys Sources
        Etcd.Members: Destinations Destinations.Operators Etcd.Connection Etcd.Keys Sources Sources.Operators Sources.Origins Sources.Records
        Etcd.Operators: Destinations Destinations.Operators Etcd.Connection Etcd.Keys Sources Sources.Operators Sources.Records
        Etcd.Proxies: Destinations Etcd.Connection Etcd.Keys Etcd.Leases Etcd.Reports Etcd.Reports.Format Sources Sources.Records
        Etcd.Reports: Destinations Etcd.Reports.Dialogs Linux Sources
        Etcd.Reports.Dialogs: Destinations Sources.Records
        Etcd.Reports.Format: Destinations Destinations.Addresses Etcd.Reports.Dialogs Sources Sources.Records
        Linux:
        Local: Destinations Destinations.Operators Etcd Etcd.Members Etcd.Proxies Etcd.Reports Etcd.Reports.Format Linux Sources Sources.Records
        Operate: Destinations Destinations.Operators Etcd.Connection Etcd.Keys Etcd.Members Etcd.Reports Etcd.Reports.Format Operate.History Operate.Splits Sources.Records
        Operate.Confirming: Destinations Etcd Etcd.Connection Etcd.Keys Etcd.Leases Etcd.Proxies Etcd.Reports Operate.History Sources.Records
        Operate.Declared: Destinations Destinations.Operators Etcd.Connection Etcd.Keys Etcd.Members Etcd.Reports Operate Operate.History Operate.Rollouts Operate.Splits Operate.Waiting Sources.Records
        Operate.History: Destinations Etcd.Connection Etcd.Keys Sources.Records
        Operate.Pruning: Destinations Destinations.Operators Etcd.Connection Etcd.Keys Etcd.Members Etcd.Reports Operate Operate.History Operate.Rollouts Sources.Records
        Operate.Rollouts: Destinations Destinations.Operators Etcd.Connection Etcd.Keys Etcd.Leases Etcd.Members Etcd.Reports Operate Operate.History Operate.Rollouts.Rolling Operate.Rollouts.Running Operate.Splits Operate.Waiting Sources.Records
        Operate.Rollouts.Rolling: Destinations Destinations.Addresses Destinations.Operators Etcd.Connection Etcd.Keys Etcd.Reports Operate.Rollouts.Running Operate.Waiting Sources.Records
        Operate.Rollouts.Running: Destinations Etcd.Connection Probe.Command Sources.Records
        Operate.Splits: Destinations Destinations.Operators Etcd.Connection Etcd.Keys Etcd.Members Etcd.Reports Operate Operate.History Operate.Rollouts Plan Plan.Shares Push.Reading Sources.Records
        Operate.Waiting: Destinations Etcd.Connection Etcd.Keys Etcd.Proxies Etcd.Reports Etcd.Reports.Dialogs Etcd.Reports.Format Operate Operate.History Sources.Records
        Plan: Destinations Destinations.Addresses Plan.Order Plan.Sets
        Plan.Order: Destinations
        Plan.Sets: Destinations Plan.Order
        Plan.Shares: Destinations Destinations.Operators
        Probe: Destinations Destinations.Addresses
        Probe.Command: Destinations Linux
        Probe.Sip: Destinations Destinations.Addresses Linux Probe.Tls
        Probe.Tls: Linux
        Processes:
        Processes.Views:
        Push: Claim Destinations Linux Plan Push.Boot Push.Grace Push.Guards Push.Reading
        Push.Boot: Destinations Destinations.Addresses Linux Plan Plan.Order Processes Push.Guards Push.Reading
        Push.Grace: Processes Processes.Views
        Push.Guards: Destinations Destinations.Addresses Linux Plan Plan.Order Push.Reading
        Push.Reading: Destinations Destinations.Addresses Plan Plan.Order
        Push.Shares: Plan.Shares
        Sources: Destinations Destinations.Operators Linux Sources.Operators Sources.Records
        Sources.Files: Destinations Linux Sources.Operators Sources.Origins Sources.Records
        Sources.Kubernetes: Destinations Sources.Kubernetes.Access Sources.Kubernetes.Api Sources.Kubernetes.Merging Sources.Operators Sources.Origins
        Sources.Kubernetes.Access: Destinations Linux
        Sources.Kubernetes.Api: Destinations Sources.Kubernetes.Access
        Sources.Kubernetes.Merging: Destinations Destinations.Addresses Sources.Kubernetes.Api Sources.Origins Sources.Records
        Sources.Operators: Destinations Destinations.Operators Sources.Records
        Sources.Origins: Destinations Destinations.Addresses Sources.Operators Sources.Records
        Sources.Records: Destinations Destinations.Addresses Destinations.Operators
        Telemetry: Destinations Destinations.Addresses Destinations.Operators Dispatch.Cycles Etcd.Reports Plan Probe Push Sources
        """;

    private const string CommandLine = """
        .: Commands Dispatch Help Host Host.Reload Options Output
        Announce: Options
        Answers: Options Output Status Status.Findings Status.Json
        Commands: Announce Answers Commands.Operators Completion Dispatch Health Help Host Host.Logging Host.Reload Operate Options Output Page Status Status.Findings Status.Json Status.Screen Telemetry
        Commands.Operators: Answers Help Host Operate Options Output Rollouts
        Completion: Options
        Dispatch: Answers Help Host Options Output
        Health: Answers Host Options Output
        Help: Host Options
        Host: Host.Logging Host.Reload
        Host.Logging:
        Host.Reload:
        Operate: Answers Help Host Host.Logging Options Output Status Status.Findings
        Options: Help Host.Logging Output Status.Findings
        Output: Host Options
        Page: Answers Output Rollouts Status Status.Findings Status.Screen
        Rollouts: Help Host Host.Logging Operate Options Output
        Status: Options Output Status.Findings Status.Json Status.Screen
        Status.Findings: Output Status.Json
        Status.Json: Output Status.Findings
        Status.Screen: Host Output Status.Findings Status.Json
        Telemetry: Health Host Options Output Page
        """;

    private const string Library = """
        .: Commands Connections Errors Transports
        Binrpc: Connections Errors Json
        Commands: Commands.Reading Errors
        Commands.Reading: Errors Json
        Connections: Transports
        Errors:
        Json: Connections Errors
        Transports: Binrpc Connections Errors Json Transports.Fifo
        Transports.Fifo: Errors Json
        """;

    private static readonly Project[] Projects = [new("KamRpcDispatcher", Product), new("KamRpcDispatcher.Cli", CommandLine), new("KamailioRpc", Library)];

    [TestCaseSource(nameof(Projects))]
    public void Every_folder_is_a_room(object project) => Assert.That(((Project)project).Folders, Is.EquivalentTo(((Project)project).Rooms.Keys));

    [TestCaseSource(nameof(Projects))]
    public void A_room_sees_only_the_rooms_that_it_may(object project)
    {
        var (it, wrong) = ((Project)project, new List<string>());
        foreach (var (room, file, text) in it.Files)
        {
            wrong.AddRange(
                from seen in it.SeenBy(text)
                where seen != room && !room.StartsWith(seen + ".", StringComparison.Ordinal) && !it.Rooms[room].Contains(seen)
                select $"{room}/{file} sees {seen}");
        }

        Assert.That(wrong, Is.Empty);
    }

    [TestCaseSource(nameof(Projects))]
    public void A_file_stands_in_the_folder_of_its_namespace(object project)
    {
        var it = (Project)project;
        Assert.That(
            it.Files.Where(file => Namespace().Match(file.Text) is { Success: true } found && found.Groups[1].Value != it.NamespaceOf(file.Room)).Select(static file => file.Name),
            Is.Empty);
    }

    [TestCaseSource(nameof(Projects))]
    public void A_room_with_many_files_has_rooms_of_its_own(object project) =>
        Assert.That(((Project)project).Files.CountBy(static file => file.Room).Where(static room => room.Value > MostFiles), Is.Empty);

    [Test]
    public void System_calls_are_declared_in_one_file_of_each_project() =>
        Assert.That(Projects.Select(static project => string.Join(' ', project.Files.Where(static file => file.Text.Contains("[LibraryImport(", StringComparison.Ordinal)).Select(static file => file.Name))), Is.EqualTo(new[] { "LibC.cs", "LibC.cs", "Posix.cs" }));

    /// <summary>What is longer does several things.</summary>
    [Test]
    public void Files_are_short_and_none_is_a_scrap_of_a_few_lines_as_a_rule()
    {
        var lengths = Projects.SelectMany(static project => project.Files).Select(static file => (file.Name, Lines: file.Text.AsSpan().Count('\n'))).OrderBy(static file => file.Lines).ToList();

        Assert.That(lengths.Where(static file => file.Lines > MostLines), Is.Empty);
        Assert.That(lengths[lengths.Count / 2].Lines, Is.InRange(40, 80), "the median");
    }

    [Test]
    public void The_RPC_library_sees_nothing_of_the_rest() =>
        Assert.That(
            Directory.GetFiles(Path.Combine(RealServers.RepositoryRoot, "src", "KamailioRpc"), "*.cs*", SearchOption.AllDirectories)
                .Where(static file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
                .Where(static file => UseOfTheRest().IsMatch(File.ReadAllText(file))),
            Is.Empty);

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    // The benchmarks see its internals.
    [GeneratedRegex(@"\bKamRpcDispatcher\b(?!\.Benchmarks)")]
    private static partial Regex UseOfTheRest();

    /// <summary>A project of src and its rooms.</summary>
    private sealed class Project
    {
        private readonly string _root;
        private readonly Regex _use;

        public Project(string name, string rooms)
        {
            Name = name;
            _root = Path.Combine(RealServers.RepositoryRoot, "src", name);
            Rooms = rooms.Split('\n').Select(static line => line.Split(':')).ToDictionary(static line => line[0], static line => line[1].Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet());
            var stages = Rooms.Keys.Where(static room => room != "." && !room.Contains('.', StringComparison.Ordinal));

            // "using KamRpcDispatcher.X;", and names that are qualified in place, from the outermost or from a sister namespace; those of the command line are words of its own, too.
            var sisters = name == "KamRpcDispatcher" ? $@"|(?<![\w.])(?=(?:{string.Join('|', stages)})\.[A-Z])" : string.Empty;
            _use = new Regex($@"(?:\b{Regex.Escape(name)}\.{sisters})(\w+(?:\.\w+)*)");
            Files =
            [
                .. from file in Directory.GetFiles(_root, "*.cs", SearchOption.AllDirectories)
                   let folder = RoomOf(Path.GetDirectoryName(file)!)
                   where !IsMade(folder)
                   select (folder, Path.GetFileName(file), File.ReadAllText(file)),
            ];
        }

        public string Name { get; }

        public IReadOnlyDictionary<string, HashSet<string>> Rooms { get; }

        public IReadOnlyList<(string Room, string Name, string Text)> Files { get; }

        public IEnumerable<string> Folders => Files.Select(static file => file.Room).Distinct();

        public string NamespaceOf(string room) => room == "." ? Name : $"{Name}.{room}";

        public IEnumerable<string> SeenBy(string text) => _use.Matches(text).Select(use => Innermost(use.Groups[1].Value)).OfType<string>().Distinct();

        public override string ToString() => Name;

        private static bool IsMade(string folder) => folder.Split('.')[0] is "obj" or "bin";

        private string RoomOf(string folder) => Path.GetRelativePath(_root, folder).Replace('/', '.');

        private string? Innermost(string name)
        {
            for (; !Rooms.ContainsKey(name); name = name[..name.LastIndexOf('.')])
            {
                if (!name.Contains('.', StringComparison.Ordinal))
                {
                    return null;
                }
            }

            return name;
        }
    }
}

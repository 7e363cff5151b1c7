using System.Collections.Immutable;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Cli.Status.Json;
using KamRpcDispatcher.Cli.Status.Screen;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using Microsoft.Extensions.Time.Testing;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>Clusters made by hand, as if they had been read just now.</summary>
internal static class Clusters
{
    public static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    public static readonly Layout Narrow = new(80, Palette.None);

    /// <summary>A report of this version, of a proxy where everybody of set 1 is served.</summary>
    public static ProxyStatus Report(int wanted, int? serving = null) =>
        new(57, Now.AddSeconds(-1), "5.6", 0, ImmutableSortedDictionary<int, SetStatus>.Empty.Add(1, new SetStatus(wanted, serving ?? wanted) { Wanted = wanted, Serving = serving ?? wanted }))
        {
            Silenced = 57,
            Contact = new KamailioContact(true, Now.AddHours(-1), null),
            WrittenAt = Now.AddSeconds(-2),
            Version = "0.1.0",
            Loop = new LoopStatus(LoopStep.Rest, TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(1)),
            Follows = new FollowedMembers(57, wanted),
            Applies = ["members"],
            Grace = new GraceStatus("observed (syscall)", 7, 0.61, 1.2, 3.456, 0),
        };

    public static Deviation Off(string kind, string name, string uri, int seconds) => new(kind, 1, name, uri, Now.AddSeconds(-seconds));

    public static AnnouncedMember Ready(string name, string uri, int minutes = 3) => new(Members.Of(name, uri: uri) with { Since = Now.AddMinutes(-minutes) }, 0x694d) { ModRevision = 42 };

    public static ClusterView View(IReadOnlyList<AnnouncedMember> members, params (string Name, ProxyStatus? Status)[] proxies) =>
        new(57, 42, members, [], [.. proxies.Select(static proxy => new ReportingProxy(proxy.Name, proxy.Status, proxy.Status is null ? "drift is missing" : null) { ModRevision = 50 })]);

    /// <summary>The report of a proxy that follows operators' intents, up to a revision.</summary>
    public static ProxyStatus Following(ProxyStatus report, long revision = 57) => report with { Applies = ["members", "intents"], Intents = new IntentsProgress(revision, revision) };

    public static Intent Drain(string name, int set = 1) => new(new MemberKey(set, name)) { IsDrained = true, By = "ops@h1", At = Now.AddMinutes(-5), Reason = "kernel update" };

    /// <summary>The same where operators wish something, at a revision each from 44 on.</summary>
    public static ClusterView Wishing(ClusterView view, params Intent[] intents)
    {
        var stored = intents.Select(static (intent, index) => new StoredIntent(intent, 44 + index)).ToImmutableSortedDictionary(static one => one.Intent.Key, static one => one);
        return view with
        {
            Intents = stored,
            IntentRevision = 43 + intents.Length,
            Members = [.. view.Members.Select(member => stored.TryGetValue(member.Member.Key, out var one) ? member with { Intent = one.Intent, IntentRevision = one.ModRevision } : member)],
        };
    }

    public static ClusterCalls Calls(ClusterView view)
    {
        var ages = new ReportAges(new FakeTimeProvider(Now));
        ages.Observe(view);
        return new ClusterCalls(view, ages, Now);
    }

    public static IReadOnlyList<StatusFinding> Findings(ClusterView view) => new StatusFindings(Calls(view)).ToList();

    public static IEnumerable<string> Codes(ClusterView view) => Findings(view).Select(static finding => finding.Code);

    public static IEnumerable<string> Texts(ClusterView view) => Findings(view).Select(static finding => finding.Text);

    public static MemberVerdict Explained(string name, ClusterView view) => MemberExplanation.Of(name, Calls(view), new EtcdKeys("c")).Single().Verdict;

    public static string Screen(ClusterView view, StatusOptions? options = null, Layout? layout = null)
    {
        var calls = Calls(view);
        return new StatusScreen(calls, new StatusFindings(calls).ToList(), options ?? StatusOptions.Default, layout ?? Narrow).ToString();
    }

    public static string Json(ClusterView view)
    {
        var calls = Calls(view);
        return StatusJson.Write("c", calls, new StatusFindings(calls).ToList());
    }
}

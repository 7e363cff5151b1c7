using System.Text;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Dispatch.Dialogs;
using KamRpcDispatcher.Etcd.Reports.Dialogs;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch.Dialogs;

/// <summary>When Kamailio is asked for its dialogs, and what is made of its answers.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DialogCounterTests : IAsyncDisposable
{
    private const string Uri = "sip:10.0.0.1:5060";
    private static readonly MemberKey A = new(1, "a");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly Counting _kamailio = new();
    private readonly DialogCounter _counter;

    public DialogCounterTests() => _counter = new DialogCounter(_kamailio, _time);

    public ValueTask DisposeAsync() => _kamailio.DisposeAsync();

    [Test]
    public async Task While_nobody_is_drained_it_is_asked_once_whether_it_counts()
    {
        Follow("start 1");
        await CountAsync(5);
        Assert.That(_kamailio.Calls, Is.EqualTo(new[] { "core.modules", "dlg.profile_get_size kamrpc", "core.uptime" }));
        Assert.That((_counter.Report!.At, _counter.Report.Since), Is.EqualTo(((DateTimeOffset?)null, (DateTimeOffset?)_time.GetUtcNow().AddSeconds(-5).AddHours(-3))));

        Follow("start 2");
        await CountAsync(5);
        Assert.That(_kamailio.Calls, Has.Count.EqualTo(6), "another Kamailio");
    }

    [Test]
    public async Task Of_who_is_drained_it_is_asked_once_a_second_and_told_with_the_time()
    {
        _kamailio.Sizes[Uri] = 2;
        Follow("start 1", A, new MemberKey(1, "elsewhere"));
        await CountAsync(3);

        Assert.That(_kamailio.Calls.Count(static call => call == $"dlg.profile_get_size kamrpc {Uri}"), Is.EqualTo(3));
        Assert.That(_counter.Report!.Members, Is.EqualTo(new[] { new DialogCount(A, 2) }), "who is not in the list has no count");
        Assert.That(_counter.Report.At, Is.EqualTo(_time.GetUtcNow().AddSeconds(-1)));

        Follow("start 1");
        await CountAsync(2);
        Assert.That((_counter.Report!.At, _counter.Report.Members.Length), Is.EqualTo(((DateTimeOffset?)null, 0)));
    }

    [Test]
    public async Task At_most_fifty_are_asked_for()
    {
        Follow("start 1", [.. Enumerable.Range(0, 60).Select(static number => new MemberKey(1, $"m{number}"))]);
        await CountAsync(1);

        Assert.That(_counter.Report!.Members, Has.Length.EqualTo(DialogReport.MostCounted));
        Assert.That(_kamailio.Calls, Has.Count.EqualTo(DialogReport.MostCounted + 2));
    }

    [Test]
    public async Task Who_does_not_count_is_asked_again_after_a_minute_or_a_restart_only()
    {
        _kamailio.HasProfile = false;
        Follow("start 1", A);
        await CountAsync(60);
        Assert.That((_counter.Report, _kamailio.Calls.Count), Is.EqualTo(((DialogReport?)null, 2)));
        await CountAsync(1);
        Assert.That(_kamailio.Calls, Has.Count.EqualTo(4));

        _kamailio.HasProfile = true;
        Follow("start 2", A);
        await CountAsync(1);
        Assert.That(_counter.Report, Is.Not.Null);
    }

    /// <summary>It would be an error in its log, of everybody who does not count dialogs.</summary>
    [Test]
    public async Task Who_has_no_such_module_is_not_asked_for_its_command()
    {
        _kamailio.HasModule = false;
        Follow("start 1", A);
        await CountAsync(70);

        Assert.That((_counter.Report, string.Join(' ', _kamailio.Calls)), Is.EqualTo(((DialogReport?)null, "core.modules core.modules")));
    }

    [Test]
    public async Task A_Kamailio_that_does_not_answer_leaves_an_old_count_and_one_that_was_started_meanwhile_says_since_when_it_counts()
    {
        Follow("start 1", A);
        await CountAsync(1);
        var first = _counter.Report!;
        _kamailio.IsAway = true;
        await CountAsync(3);
        Assert.That(_counter.Report, Is.EqualTo(first));

        (_kamailio.IsAway, _kamailio.Uptime) = (false, 1);
        await CountAsync(1);
        Assert.That(_counter.Report!.Since, Is.GreaterThan(first.At!.Value));
    }

    private void Follow(string instance, params MemberKey[] drained) => _counter.Follow(
        new Membership(5, [], []) with
        {
            Intents = new OperatorIntents(5, drained.ToDictionary(static key => key, static key => new Intent(key) { IsDrained = true }), []),
        },
        new DispatcherTable(
            new KamailioVersion(5, 6),
            new KamailioInstance("now", instance),
            [.. drained.Where(static key => key.Name != "elsewhere").Append(A).Distinct().Select(static key => new ListedDestination(key.Set, Uri, ListedState.Disabled, Probing: true, 0, $"duid={key.Name}"))]));

    private async Task CountAsync(int seconds)
    {
        for (; seconds > 0; seconds--)
        {
            await _counter.CountAsync(CancellationToken.None);
            _time.Advance(DialogCounter.Interval);
        }
    }

    private sealed class Counting : IRpcClient
    {
        public Dictionary<string, int> Sizes { get; } = [];

        public List<string> Calls { get; } = [];

        public bool HasProfile { get; set; } = true;

        public bool HasModule { get; set; } = true;

        public bool IsAway { get; set; }

        public int Uptime { get; set; } = 3 * 3600;

        public KamailioAddress Address { get; } = KamailioAddress.Parse(KamailioAddress.Default);

        public string InstanceToken => "1";

        public Task<RpcResult> InvokeAsync(string method, IReadOnlyList<object?> arguments, CancellationToken cancellationToken)
        {
            Calls.Add(string.Join(' ', arguments.Prepend(method)));
            return IsAway ? throw new KamailioGoneException(method)
                : method == "core.uptime" ? Answer($$"""{"now":"now","up_since":"then","uptime":{{Uptime}}}""")
                : method == "core.modules" ? Answer(HasModule ? """["tm","dialog"]""" : """["tm"]""")
                : !HasProfile ? throw new KamailioFaultException(method, 404, "Profile not found: kamrpc")
                : Answer($"{Sizes.GetValueOrDefault((string)arguments[^1]!)}");
        }

        public ValueTask DisposeAsync() => default;

        private static Task<RpcResult> Answer(string json) => Task.FromResult(new RpcResult(Encoding.UTF8.GetBytes(json)));
    }
}

using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Views;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>Which proxies may be drained, and which one has to be left.</summary>
public class ProxySelectionTests
{
    private static readonly OperatorView Both = Of().With(Live("edge-1", 11), Live("edge-2", 12));

    [Test]
    public void Those_that_report_are_found_each_once_and_in_order()
    {
        Assert.That(Find(Both, IntentWish.Drain, "edge-2", "edge-1", "edge-2"), Is.EqualTo(new[] { IntentSubject.OfProxy("edge-1"), IntentSubject.OfProxy("edge-2") }));
    }

    [TestCase("edge-3", "no proxy 'edge-3' reports; there are edge-1 and edge-2; --force drains one that does not report")]
    [TestCase("a\u001bb", "no proxy 'a\\u001bb' reports; there are edge-1 and edge-2; --force drains one that does not report")]
    public void A_name_that_does_not_report_is_refused_with_those_there_are(string name, string error) => Assert.That(Errors(Both, IntentWish.Drain, name), Is.EqualTo(new[] { error }));

    [Test]
    public void What_may_have_been_meant_is_told_and_of_a_resume_nothing_about_force()
    {
        Assert.That(Errors(Both, IntentWish.Resume, "edge-3"), Is.EqualTo(new[] { "no proxy 'edge-3' reports; there are edge-1 and edge-2" }));
        Assert.That(Errors(Of(), IntentWish.Resume, "edge-3"), Is.EqualTo(new[] { "no proxy 'edge-3' reports; none does" }));
        new ProxySelection { Names = ["edge-3"], Near = static (_, known) => [.. known.Take(1)] }.Find(Command(IntentWish.Drain), Both, out var errors);
        Assert.That(errors, Is.EqualTo(new[] { "no proxy 'edge-3' reports; there are edge-1 and edge-2; --force drains one that does not report; did you mean edge-1?" }));
    }

    [Test]
    public void By_force_one_that_is_down_is_drained_in_advance_if_a_proxy_may_be_called_so()
    {
        new ProxySelection { Names = ["edge-3"] }.Find(Command(IntentWish.Drain) with { IsForced = true }, Both, out var none);
        Assert.That(none, Is.Empty);
        new ProxySelection { Names = ["a/b"] }.Find(Command(IntentWish.Drain) with { IsForced = true }, Both, out var errors);
        Assert.That(errors, Has.One.StartsWith("the name 'a/b' is not"));
    }

    [Test]
    public void One_that_is_drained_and_down_may_be_resumed() => Assert.That(Find(Drained("edge-9"), IntentWish.Resume, "edge-9"), Has.Count.EqualTo(1));

    [Test]
    public void The_last_one_is_refused_and_who_is_not_counted_is_told()
    {
        Assert.That(Check(Both, "edge-1", "edge-2").Refusals, Is.EqualTo(new[] { "no proxy would be left that reports, is not drained, and reaches its Kamailio" }));
        Assert.That(Check(Drained("edge-2"), "edge-1").Refusals, Is.EqualTo(new[] { "no proxy would be left that reports, is not drained, and reaches its Kamailio; not counted: edge-2 (drained)" }));

        var lost = Views.Status(1) with { Contact = new KamailioContact(false, Now, "gone") };
        var hangs = Views.Status(1) with { Loop = new LoopStatus(LoopStep.Call, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(1)) };
        var view = Of().With(Live("edge-1", 11), Live("edge-2", 12) with { Status = lost }, Live("edge-3", 13) with { Status = hangs }, Live("edge-4", 14) with { Status = null });
        Assert.That(Check(view, "edge-1").Refusals.Single(), Does.EndWith("; not counted: edge-2 (does not reach its Kamailio), edge-3 (its dispatcher hangs) and edge-4 (its report cannot be read)"));
        Assert.That(Check(view, "edge-2").Refusals, Is.Empty, "it is no loss");
    }

    [Test]
    public void Where_one_is_left_that_one_is_counted_on_for_as_long_as_its_report_is_there() => Assert.That(
        Check(Both, "edge-1").Counted, Is.EqualTo(new[] { new CountedKey("proxies/", "/kamrpc/c/proxies/edge-2", 12) { IsOfCreation = true } }));

    private static LiveProxy Live(string name, long created) => new(name, Views.Status(1)) { Key = "/kamrpc/c/proxies/" + name, CreatedRevision = created };

    private static OperatorView Drained(string proxy) => Both with
    {
        ProxyIntents = new Dictionary<string, StoredIntent> { [proxy] = new(40, default, new Intent(default) { IsDrained = true }, null) },
    };

    private static IntentCommand Command(IntentWish wish) => new(wish, new ProxySelection(), "ops@host");

    private static IReadOnlyList<IntentSubject> Find(OperatorView view, IntentWish wish, params string[] names) => new ProxySelection { Names = names }.Find(Command(wish), view, out _);

    private static IReadOnlyList<string> Errors(OperatorView view, IntentWish wish, params string[] names)
    {
        Assert.That(new ProxySelection { Names = names }.Find(Command(wish), view, out var errors), Is.Empty);
        return errors;
    }

    private static Grounds Check(OperatorView view, params string[] names) => new ProxySelection { Names = names }.Check(Command(IntentWish.Drain), view, [.. names.Select(IntentSubject.OfProxy)]);
}

using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Push.Reading;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

public class TroubleTrackerTests
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private TroubleTracker _tracker = null!;

    [SetUp]
    public void SetUp() => _tracker = new TroubleTracker(_clock);

    [Test]
    public void A_trouble_keeps_its_beginning_for_as_long_as_it_lasts()
    {
        var begun = _clock.GetUtcNow();
        foreach (var text in new[] { "10 MB", "9 MB" })
        {
            _tracker.Meet(Held(new Objection(ObjectionScope.Structure, "memory", text)));
            Assert.That(_tracker.Take(), Is.EqualTo(new[] { new ProxyTrouble("memory", begun, text) }));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(_tracker.Take(), Has.Count.EqualTo(1), "it may come back with the next change");
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.That(_tracker.Take(), Is.Empty);
        _tracker.Meet(Held(new Objection(ObjectionScope.Structure, "memory", "8 MB")));
        Assert.That(_tracker.Take().Single().Since, Is.EqualTo(_clock.GetUtcNow()));
    }

    [Test]
    public void What_a_plan_decides_is_over_with_it_and_what_is_carried_out_has_its_say_after_that()
    {
        _tracker.Meet(TroubleKind.Shares, "no table", [1]);
        _tracker.Meet(TroubleKind.Orphan, "left over");
        _tracker.Meet(Held(new Objection(ObjectionScope.Structure, "memory", "10 MB")));
        _tracker.Take();

        _tracker.Meet(TroubleKind.Orphan, "left over");
        _tracker.Meet(TroubleKind.Duplicate, "twice");
        Assert.That(_tracker.Planned().Select(static trouble => trouble.Kind), Is.EquivalentTo(new[] { TroubleKind.Orphan, TroubleKind.Duplicate, "memory" }));

        _tracker.Meet(TroubleKind.Grace, "waits");
        Assert.That(_tracker.Take().Select(static trouble => trouble.Kind), Is.EquivalentTo(new[] { TroubleKind.Orphan, TroubleKind.Duplicate, "memory", TroubleKind.Grace }));
    }

    [Test]
    public void What_a_plan_leaves_undone_is_named_up_to_a_handful()
    {
        _tracker.Meet(new ChangePlan { Skips = [.. Enumerable.Range(1, 7).Select(static number => new Skip(SkipReason.WithoutEffect, 1, $"sip:{number}", null)), new Skip(SkipReason.Quarantined, 1, "sip:q", null)] });

        var trouble = _tracker.Take().Single();

        Assert.That(trouble.Kind, Is.EqualTo(TroubleKind.Brake));
        Assert.That(trouble.Text, Does.StartWith("set 1: sip:1, set 1: sip:2, set 1: sip:3, set 1: sip:4, set 1: sip:5 and 2 more: "));
    }

    [Test]
    public void Orphans_of_ours_are_named_with_what_to_do()
    {
        var entry = new ListedDestination(5, "sip:10.0.0.9", ListedState.Active, true, 0, string.Empty);
        _tracker.Meet([new Orphan(entry, "old", IsOfAnotherCluster: true), new Orphan(entry with { Set = 6 }, "c", IsOfAnotherCluster: false)]);

        var trouble = _tracker.Take().Single();
        Assert.That(trouble.Kind, Is.EqualTo("orphan"));
        Assert.That(trouble.Text, Does.StartWith("set 5: sip:10.0.0.9 (cluster old): kamrpc added it for a cluster that is not served").And.Contain("set 6: sip:10.0.0.9: kamrpc added it in a set that --set does not name"));
        Assert.That(trouble.Text, Has.Length.LessThan(ProxyTrouble.MostTextLength));
    }

    [TestCase(SkipReason.NotAllowed, "attributes", "member 1/a (obproxy): not taken, since --allow-attr")]
    [TestCase(SkipReason.ListedThoughNotAllowed, "attributes", "member 1/a (obproxy): listed with attributes")]
    [TestCase(SkipReason.Flapping, "flapping", "member 1/a (obproxy): changes so often")]
    public void A_member_that_may_not_is_named(SkipReason reason, string kind, string text)
    {
        _tracker.Meet(new ChangePlan { Skips = [new Skip(reason, 1, "sip:a", new MemberKey(1, "a")) { Detail = "obproxy" }] });

        var trouble = _tracker.Take().Single();
        Assert.That((trouble.Kind, trouble.Text), Is.EqualTo((kind, trouble.Text)));
        Assert.That(trouble.Text, Does.StartWith(text));
    }

    [Test]
    public void A_refusal_of_one_destination_is_told_elsewhere()
    {
        _tracker.Meet(Held(new Objection(ObjectionScope.Change, "name", "does not resolve")));

        Assert.That(_tracker.Take(), Is.Empty);
    }

    [Test]
    public void Somebody_who_leaves_and_is_still_in_use_is_told_after_a_while()
    {
        var outcome = new PushOutcome(0, false, 0) { Deferred = [new DisableDestination(1, "sip:a")] };
        _tracker.Meet(outcome);
        Assert.That(_tracker.Take(), Is.Empty);

        _clock.Advance(TimeSpan.FromSeconds(5));
        _tracker.Meet(outcome);
        Assert.That(_tracker.Take().Single().Text, Does.Contain("sip:a"));

        _tracker.Meet(new PushOutcome(1, false, 0));
        _tracker.Meet(outcome);
        Assert.That(_tracker.Take(), Is.Empty, "another time");
    }

    [Test]
    public void A_list_that_cannot_be_read_and_a_writer_that_does_not_come_back_are_two_things()
    {
        var timeout = new KamailioTimeoutException("dispatcher.list", TimeSpan.FromSeconds(1));
        _tracker.Meet(timeout, unanswered: null);
        Assert.That(_tracker.Take(), Is.Empty, "a slow reply, or a restart");

        _clock.Advance(TimeSpan.FromSeconds(2));
        _tracker.Meet(timeout, unanswered: null);
        Assert.That(_tracker.Take().Single().Kind, Is.EqualTo(TroubleKind.Kamailio));
        _tracker.Reached();

        _tracker.Meet(new ListTooLongException(KamailioAddress.Parse(KamailioAddress.Default), timeout), unanswered: null);
        Assert.That(_tracker.Take().Single().Kind, Is.EqualTo(TroubleKind.Blind));

        _tracker.Meet(timeout, new Unanswered("dispatcher.add", "dispatcher.add", TimeSpan.FromSeconds(3), 3, IsWriterStuck: true));
        Assert.That(_tracker.Take().Single().Kind, Is.EqualTo(TroubleKind.Writer));
    }

    [Test]
    public void What_cannot_be_understood_is_named()
    {
        _tracker.Meet([new UnreadableEntry(2, "sip:x", "unknown flags")]);

        Assert.That(_tracker.Take().Single().Text, Is.EqualTo("set 2: sip:x (unknown flags): in Kamailio's list, and left alone"));
    }

    private static PushOutcome Held(Objection objection) => new(0, false, 0) { Objections = [objection] };
}

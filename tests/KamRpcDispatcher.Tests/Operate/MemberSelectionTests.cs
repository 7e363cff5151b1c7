using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Sources.Records;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Views;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>Whom a command means, and what is there instead where nobody is.</summary>
public class MemberSelectionTests
{
    private static readonly OperatorView View = Of(
        Labelled("asterisk-1", 1, ("zone", "a"), ("version", "v1")),
        Labelled("asterisk-2", 1, ("zone", "b"), ("version", "v1")),
        Labelled("asterisk-1", 2, ("zone", "a")),
        Members.Of("trunk", 2));

    [Test]
    public void A_name_is_meant_in_every_set() =>
        Assert.That(Found(new MemberSelection { Names = ["asterisk-1"] }), Is.EqualTo(new[] { "1/asterisk-1", "2/asterisk-1" }));

    [Test]
    public void Or_in_those_that_are_given() =>
        Assert.That(Found(new MemberSelection { Names = ["trunk", "asterisk-1"], Sets = new HashSet<int> { 2 } }), Is.EqualTo(new[] { "2/asterisk-1", "2/trunk" }));

    [Test]
    public void A_label_means_those_that_have_it_now_in_the_sets_given_and_several_labels_those_that_have_all()
    {
        Assert.That(Found(Label("zone", "a")), Is.EqualTo(new[] { "1/asterisk-1", "2/asterisk-1" }));
        Assert.That(Found(new MemberSelection { Labels = [new("zone", "a")], Sets = new HashSet<int> { 1 } }), Is.EqualTo(new[] { "1/asterisk-1" }));
        Assert.That(Found(new MemberSelection { Labels = [new("zone", "b"), new("version", "v1")] }), Is.EqualTo(new[] { "1/asterisk-2" }));
    }

    [Test]
    public void Who_has_left_and_is_drained_and_whose_record_cannot_be_used_is_known_too()
    {
        var view = View.WithDrained("3/gone") with { Rejected = [new RejectedRecord("...", "no uri", KeepsLastGood: true) { Member = Key("1/broken") }] };

        Assert.That(new MemberSelection { Names = ["gone", "broken"] }.Find(view, out var errors).Select(static key => key.ToString()), Is.EqualTo(new[] { "1/broken", "3/gone" }));
        Assert.That(errors, Is.Empty);
    }

    [Test]
    public void Who_is_kept_by_a_proxy_though_its_key_is_gone_may_be_named()
    {
        var view = View.With(new LiveProxy("p1", Status(2) with { Held = [Members.Of("kept")] }));

        Assert.That(new MemberSelection { Names = ["kept"] }.Find(view, out var errors).Select(static key => key.ToString()), Is.EqualTo(new[] { "1/kept" }));
        Assert.That((errors.Count, view.Before(Key("1/kept"))), Is.EqualTo((0, MemberBefore.Held)));
    }

    [Test]
    public void Whose_record_cannot_be_used_may_have_the_label_and_that_is_said()
    {
        var view = View with { Rejected = [new RejectedRecord("...", "no uri", KeepsLastGood: true) { Member = Key("1/broken") }] };

        Assert.That(Label("zone", "a").Unjudged(view), Is.EqualTo(new[] { "the record of 1/broken cannot be used, so that nobody knows whether it has the label: name it, if it is meant" }));
        Assert.That(new MemberSelection { Names = ["asterisk-1"] }.Unjudged(view), Is.Empty);
    }

    [Test]
    public void Each_name_that_nobody_has_is_told_with_what_is_near_or_there()
    {
        var selection = new MemberSelection { Names = ["asterisk-1", "asterisk-11", "xyz"], Near = static (typed, known) => typed == "asterisk-11" ? [known.First()] : [] };

        Assert.That(Errors(selection), Is.EqualTo(new[]
        {
            "there is no member 'asterisk-11'; did you mean asterisk-1?",
            "there is no member 'xyz'; there are asterisk-1, asterisk-2 and trunk",
        }));
        Assert.That(Errors(new MemberSelection { Names = ["a"] }, Of()), Is.EqualTo(new[] { "there is no member 'a'; nobody is announced" }));
    }

    [Test]
    public void A_name_of_other_sets_is_told_with_them() => Assert.That(
        Errors(new MemberSelection { Names = ["trunk"], Sets = new HashSet<int> { 1 } }),
        Is.EqualTo(new[] { "trunk is not in set 1, but in 2" }));

    [Test]
    public void A_set_that_nobody_is_in_is_told_with_those_that_there_are()
    {
        Assert.That(Errors(new MemberSelection { Names = ["asterisk-1"], Sets = new HashSet<int> { 7, 1 } }), Is.EqualTo(new[] { "nobody is in set 7; somebody is in 1 and 2" }));
        Assert.That(Errors(new MemberSelection { Names = ["a"], Sets = new HashSet<int> { 7 } }, Of()), Is.EqualTo(new[] { "nobody is in set 7; nobody is announced in any" }));
    }

    [TestCase("zone", "c", "no member has the label zone=c; zone is a or b there")]
    [TestCase("zoen", "a", "no member has the label zoen=a; the labels there are version and zone")]
    public void A_label_that_nobody_has_is_told_with_those_that_there_are(string name, string value, string error) => Assert.That(Errors(Label(name, value)), Is.EqualTo(new[] { error }));

    [Test]
    public void Labels_that_nobody_has_together_are_told_so()
    {
        Assert.That(
            Errors(new MemberSelection { Labels = [new("zone", "a"), new("version", "v1")], Sets = new HashSet<int> { 2 } }),
            Is.EqualTo(new[] { "no member in set 2 has the label version=v1; the labels there are zone" }));
        Assert.That(
            Errors(new MemberSelection { Labels = [new("zone", "a"), new("version", "v2")] }, Of(Labelled("x", 1, ("zone", "a")), Labelled("y", 1, ("version", "v2")))),
            Is.EqualTo(new[] { "no member has zone=a and version=v2 together, though each of them is there" }));
    }

    [Test]
    public void What_was_typed_is_safe_to_print() =>
        Assert.That(Errors(new MemberSelection { Names = ["a\u001b[2J"] }).Single(), Does.StartWith("there is no member 'a\\u001b[2J'"));

    private static MemberSelection Label(string name, string value) => new() { Labels = [new(name, value)] };

    private static IEnumerable<string> Found(MemberSelection selection)
    {
        var found = selection.Find(View, out var errors);
        Assert.That(errors, Is.Empty);
        return found.Select(static key => key.ToString());
    }

    private static IReadOnlyList<string> Errors(MemberSelection selection, OperatorView? view = null)
    {
        Assert.That(selection.Find(view ?? View, out var errors), Is.Empty, "nobody is meant where something is wrong");
        return errors;
    }

    private static Member Labelled(string name, int set, params (string Name, string Value)[] labels) =>
        Members.Of(name, set) with { Labels = labels.ToImmutableSortedDictionary(static label => label.Name, static label => label.Value, StringComparer.Ordinal) };
}

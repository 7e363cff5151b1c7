using System.Text.Json.Nodes;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Kubernetes.Merging;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Kubernetes;

public class EndpointMergeTests
{
    [Test]
    public void All_slices_of_a_Service_make_the_set_and_not_the_last_one()
    {
        var merged = Slices.Merge(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")), SliceText.Slice("asterisk", "s2", SliceText.Ready("b", "10.0.0.2")));

        Assert.That(merged.Members.Select(static member => $"{member.Key} {member.Uri.Text}"), Is.EqualTo(new[] { "1/a sip:10.0.0.1:5060", "1/b sip:10.0.0.2:5060" }));
    }

    [Test]
    public void A_slice_as_the_documentation_shows_it_is_read()
    {
        // The example of the page "EndpointSlices" of Kubernetes' documentation, with the port of SIP in place of that of HTTP.
        var merged = Slices.Merge(JsonNode.Parse("""
            {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"example-abc","labels":{"kubernetes.io/service-name":"example"}},"addressType":"IPv4",
             "ports":[{"name":"sip","protocol":"UDP","port":5060}],
             "endpoints":[{"addresses":["10.1.2.3"],"conditions":{"ready":true},"hostname":"pod-1","nodeName":"node-1","zone":"us-west2-a"}]}
            """)!.AsObject());

        var member = merged.Members.Single();
        Assert.That((member.Key.Name, member.Uri.Text, member.State), Is.EqualTo(("pod-1", "sip:10.1.2.3:5060", MemberState.Ready)));
        Assert.That(member.Labels, Does.Contain(KeyValuePair.Create("zone", "us-west2-a")).And.Contain(KeyValuePair.Create("node", "node-1")));
    }

    [Test]
    public void Of_an_endpoint_in_two_slices_the_better_state_counts_in_whatever_order([Values] bool isReversed)
    {
        JsonObject[] slices =
        [
            SliceText.Slice("asterisk", "s1", SliceText.Terminating("a", "10.0.0.1"), SliceText.NotReady("b", "10.0.0.2")),
            SliceText.Slice("asterisk", "s2", SliceText.Ready("a", "10.0.0.1"), SliceText.Terminating("b", "10.0.0.2")),
        ];

        var merged = Slices.Merge(isReversed ? [slices[1], slices[0]] : slices);

        Assert.That(merged.Members.Select(static member => (member.Key.Name, member.State)), Is.EqualTo(new[] { ("a", MemberState.Ready), ("b", MemberState.Draining) }));
        Assert.That(merged.Terminating, Is.EquivalentTo(new[] { new MemberKey(1, "b") }));
    }

    [Test]
    public void Of_two_pods_at_one_address_the_one_that_can_be_called_counts()
    {
        var merged = Slices.Merge(SliceText.Slice("asterisk", "s1", SliceText.Terminating("old", "10.0.0.1"), SliceText.Ready("young", "10.0.0.1")));

        Assert.That(merged.Members.Select(static member => member.Key.Name), Is.EqualTo(new[] { "young" }));
    }

    [Test]
    public void A_pod_with_two_families_is_one_member_by_IPv4_and_stays_so_when_its_IPv4_slice_is_empty()
    {
        var four = SliceText.Slice("asterisk", "v4", SliceText.Ready("a", "10.0.0.1"));
        var six = SliceText.Slice("asterisk", "v6", SliceText.Ready("a", "fd00::1"));
        six["addressType"] = "IPv6";

        Assert.That(Slices.Merge(four, six).Members.Select(static member => member.Uri.Text), Is.EqualTo(new[] { "sip:10.0.0.1:5060" }));
        Assert.That(Slices.Merge(SliceText.Slice("asterisk", "v4"), six).Members, Is.Empty);
        Assert.That(Slices.Merge(six).Members.Select(static member => member.Uri.Text), Is.EqualTo(new[] { "sip:[fd00::1]:5060" }));
        Assert.That(Slices.Merge(four.Labelled("kamrpc/family", "IPv6"), six.Labelled("kamrpc/family", "IPv6")).Members.Select(static member => member.Uri.Text), Is.EqualTo(new[] { "sip:[fd00::1]:5060" }));
    }

    [Test]
    public void The_Services_labels_are_its_members_and_two_Services_feed_one_set()
    {
        ServiceSlices Version(string version, string weight, string pod, string address) => new(
            Slices.Service($"asterisk-{version}"),
            [Slices.Read(SliceText.Slice($"asterisk-{version}", version, SliceText.Ready(pod, address)).Labelled("version", version).Labelled("kamrpc/weight", weight).Labelled("app.kubernetes.io/name", "x"))]);

        var merged = EndpointMerge.Merge([Version("v1", "95", "a", "10.0.0.1"), Version("v2", "5", "b", "10.0.0.2")]);

        Assert.That(merged.Members.Select(static member => (member.Key.Set, member.Labels["version"], member.Weight)), Is.EqualTo(new[] { (1, "v1", (int?)95), (1, "v2", 5) }));
        Assert.That(
            merged.Members[0].Labels.Select(static label => $"{label.Key}={label.Value}"),
            Is.EqualTo(new[] { "namespace=voice", "node=node-1", "pod=a", "port=sip", "service=asterisk-v1", "version=v1", "zone=zone-a" }));
        Assert.That(merged.Rejected, Is.Empty);
    }

    [Test]
    public void A_slip_in_the_label_of_a_set_takes_nobody_out_who_stood_in_one()
    {
        ServiceSlices[] Two(string set) =>
        [
            new(Slices.Service("one", 1), [Slices.Read(SliceText.Slice("one", "s1", SliceText.Ready("a", "10.0.0.1")).Labelled("kamrpc/set", set))]),
            new(Slices.Service("two", 2), []),
        ];

        var known = new Dictionary<string, int>();
        EndpointMerge.Merge(Two("2"), known);
        foreach (var slip in (string[])["x", "3"])
        {
            var merged = EndpointMerge.Merge(Two(slip), known);

            Assert.That(merged.Members.Single().Key, Is.EqualTo(new MemberKey(2, "a")));
            Assert.That(merged.Rejected.Single(), Is.EqualTo(merged.Rejected.Single() with { KeepsLastGood = true }));
            Assert.That(merged.Rejected.Single().Reason, Does.EndWith("; its endpoints stay in set 2, as before"));
            Assert.That(merged.Remarks.Single(static remark => remark.IsWarning).Text, Does.EndWith("stay in set 2, as before"));
        }

        Assert.That(EndpointMerge.Merge(Two("1"), known).Members.Single().Key.Set, Is.EqualTo(1));
    }

    [Test]
    public void An_address_that_some_read_as_octal_is_left_out()
    {
        var merged = Slices.Merge(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "010.0.0.1")));

        Assert.That(merged.Members, Is.Empty);
        Assert.That(merged.Rejected.Single().Reason, Does.Contain("'010.0.0.1' has a number with a zero before it"));
    }

    [Test]
    public void A_label_gives_another_set_of_the_same_source_and_no_other_one()
    {
        ServiceSlices[] Two(string set) =>
        [
            new(Slices.Service("one", 1), [Slices.Read(SliceText.Slice("one", "s1", SliceText.Ready("a", "10.0.0.1")).Labelled("kamrpc/set", set))]),
            new(Slices.Service("two", 2), []),
        ];

        Assert.That(EndpointMerge.Merge(Two("2")).Members.Single().Key, Is.EqualTo(new MemberKey(2, "a")));
        var foreign = EndpointMerge.Merge(Two("3"));
        Assert.That(foreign.Members, Is.Empty);
        Assert.That(foreign.Rejected.Single().Reason, Does.Contain("asks for set 3").And.Contain("1, 2"));
    }

    [Test]
    public void Pods_of_two_namespaces_in_one_set_have_names_of_their_own()
    {
        var other = SliceText.Slice("asterisk", "s2", SliceText.Ready("a", "10.0.1.1"));

        var merged = EndpointMerge.Merge([new(Slices.Service(), [Slices.Read(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")))]), new(Slices.Service(space: "other"), [Slices.Read(other)])]);

        Assert.That(merged.Members.Select(static member => member.Key.Name), Is.EqualTo(new[] { "a.other", "a.voice" }));
    }

    [Test]
    public void What_cannot_be_used_is_left_out_and_named_and_keeps_nobody_else_out()
    {
        var nowhere = SliceText.Ready("c", "10.0.0.3");
        nowhere["addresses"] = new JsonArray();
        var fqdn = SliceText.Slice("asterisk", "names", SliceText.Ready("n", "host.example.org"));
        fqdn["addressType"] = "FQDN";

        var merged = Slices.Merge(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.1;evil"), nowhere, SliceText.Ready("d", "fe80::1%eth0"), SliceText.Ready("x y", "10.0.0.9")), fqdn);

        Assert.That(merged.Members.Select(static member => member.Key.Name), Is.EqualTo(new[] { "a" }));
        Assert.That(merged.Rejected.Select(static rejected => rejected.Key), Is.EqualTo(new[] { "voice/names", "voice/s1 b", "voice/s1 c", "voice/s1 d", "voice/s1 x y" }));
    }

    [Test]
    public void A_Service_that_publishes_what_is_not_ready_is_told_of_and_only_who_serves_gets_calls()
    {
        var merged = Slices.Merge(SliceText.Slice(
            "asterisk", "s1", SliceText.Endpoint("a", "10.0.0.1", true, true, false), SliceText.Endpoint("b", "10.0.0.2", true, false, false), SliceText.Endpoint("c", "10.0.0.3", true, true, true)));

        Assert.That(merged.Members.Select(static member => member.State), Is.EqualTo(new[] { MemberState.Ready, MemberState.Down, MemberState.Draining }));
        Assert.That(merged.Remarks.Where(static remark => remark.IsWarning).Select(static remark => remark.Text), Has.One.Contains("publishNotReadyAddresses"));
    }

    [Test]
    public void Which_port_is_taken_is_told() =>
        Assert.That(Slices.Merge(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1"))).Remarks.Single().Text, Does.Contain("sip (UDP 5060)"));

    [TestCase("kamrpc/weight", "heavy")]
    [TestCase("kamrpc/weight", "101")]
    [TestCase("kamrpc/priority", "-1")]
    [TestCase("kamrpc/family", "ipv4")]
    [TestCase("kamrpc/wieght", "5")]
    public void A_label_that_cannot_be_used_is_told_of_and_keeps_nobody_out(string label, string value)
    {
        var merged = Slices.Merge(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")).Labelled(label, value));

        Assert.That(merged.Members, Has.Count.EqualTo(1));
        Assert.That(merged.Remarks.Where(static remark => remark.IsWarning).Select(static remark => remark.Text), Has.One.Contains(label));
    }
}

using KamRpcDispatcher.Sources.Origins;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Origins;

public class MemberOriginsTests
{
    [Test]
    public void Nothing_is_etcd_for_every_set() => Assert.That(Read(), Is.EqualTo(new[] { "etcd" }));

    [TestCase("etcd", "etcd")]
    [TestCase("etcd=1,2", "etcd (set 1, 2)")]
    [TestCase("file:/etc/kamrpc/members.json", "file:/etc/kamrpc/members.json")]
    [TestCase("file:/etc/kamrpc/members.json=3", "file:/etc/kamrpc/members.json (set 3)")]
    [TestCase("file:/etc/a=b/members.json", "file:/etc/a=b/members.json")]
    [TestCase("file:/etc/a,b.json", "file:/etc/a,b.json")]
    [TestCase("kubernetes:voice/asterisk=1", "kubernetes:voice/asterisk (set 1)")]
    [TestCase("kubernetes:voice/v1=1,v2=1,other/v3=2", "kubernetes:voice/v1,voice/v2,other/v3 (set 1, 2)")]
    public void Each_form_is_read(string text, string shown) => Assert.That(Read(text), Is.EqualTo(new[] { shown }));

    [Test]
    public void A_relative_path_is_of_the_directory_that_it_was_given_in() =>
        Assert.That(Read("file:members.json"), Is.EqualTo(new[] { $"file:{Path.GetFullPath("members.json")}" }));

    [TestCase("etcd=1,file:/a=2,3,kubernetes:n/s=4,t=5")]
    [TestCase("etcd=1", "file:/a=2,3", "kubernetes:n/s=4,t=5")]
    [TestCase("etcd=1", "file:/a=2", "3", "kubernetes:n/s=4", "t=5")]
    public void Several_stand_after_each_other_as_in_a_variable(params string[] texts) =>
        Assert.That(Read(texts), Is.EqualTo(new[] { "etcd (set 1)", "file:/a (set 2, 3)", "kubernetes:n/s,n/t (set 4, 5)" }));

    [TestCase("set 2 would come from file:/a and from kubernetes:n/s", "file:/a=1,2", "kubernetes:n/s=2")]
    [TestCase("set 1 would come from etcd and from file:/a", "etcd=1", "file:/a=1")]
    [TestCase("etcd and file:/a would both bring every set that no other source names", "etcd", "file:/a")]
    [TestCase("file:/a and file:/b would both bring every set", "file:/a", "file:/b")]
    [TestCase("the Service voice/a is named twice", "kubernetes:voice/a=1", "kubernetes:voice/a=2")]
    [TestCase("the Service voice/a is named twice", "kubernetes:voice/a=1,kubernetes:voice/a=2")]
    public void Two_sources_for_one_set_are_refused_with_both_named(string said, params string[] texts) => Assert.That(Wrong(texts), Does.Contain(said));

    [TestCase("consul", "is not etcd, file:PATH or kubernetes:NAMESPACE/SERVICE=SET")]
    [TestCase("file:", "names no file")]
    [TestCase("file:=1", "names no file")]
    [TestCase("etcd=", "the set '' is not a number")]
    [TestCase("etcd=01", "the set '01' is not a number")]
    [TestCase("etcd=2000000000", "kamrpc's own")]
    [TestCase("file:/a=1000001", "kamrpc's own")]
    [TestCase("kubernetes:asterisk=1", "is not NAMESPACE/SERVICE=SET")]
    [TestCase("kubernetes:voice/asterisk", "is not NAMESPACE/SERVICE=SET")]
    [TestCase("kubernetes:Voice/asterisk=1", "is not NAMESPACE/SERVICE=SET")]
    [TestCase("kubernetes:voice/a=1,a=2", "names the Service voice/a twice")]
    public void What_is_none_of_them_is_told_with_what_would_be(string text, string said) => Assert.That(Wrong(text), Does.Contain(said));

    [Test]
    public void Everything_that_is_wrong_is_told_at_once()
    {
        MemberOrigins.Parse(["consul", "file:"], out var errors);

        // What follows a comma belongs to what stands before it.
        Assert.That(errors, Has.Count.EqualTo(2));
    }

    private static string[] Read(params string[] texts)
    {
        var origins = MemberOrigins.Parse(texts, out var errors);
        Assert.That(errors, Is.Empty);
        return [.. origins.Select(static origin => origin.ToString())];
    }

    private static string Wrong(params string[] texts)
    {
        MemberOrigins.Parse(texts, out var errors);
        return string.Join('\n', errors);
    }
}

using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Probe;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Probe;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class ProbeTargetTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private Task<IPAddress[]> _answer = Found("10.0.0.1");
    private int _lookups;

    [Test]
    public async Task An_address_is_not_looked_up()
    {
        Assert.That(await NowAsync(Target("sip:[2001:db8::1]")), Is.EqualTo("2001:db8::1"));
        Assert.That(_lookups, Is.Zero);
    }

    [Test]
    public async Task A_name_is_looked_up_each_time_and_a_change_is_followed()
    {
        var target = Target("sip:a.example.org");
        Assert.That(await NowAsync(target), Is.EqualTo("10.0.0.1"));
        _answer = Found("10.0.0.2");
        Assert.That(await NowAsync(target), Is.EqualTo("10.0.0.1"));
        Assert.That(await NowAsync(target), Is.EqualTo("10.0.0.2"));
        Assert.That(_lookups, Is.EqualTo(3));
    }

    [Test]
    public async Task An_address_that_is_still_among_several_is_kept()
    {
        var target = Target("sip:a.example.org");
        await NowAsync(target);
        _answer = Found("10.0.0.2", "10.0.0.1");
        await NowAsync(target);
        Assert.That(await NowAsync(target), Is.EqualTo("10.0.0.1"));
    }

    [Test]
    public async Task A_resolver_that_fails_or_hangs_changes_nothing_once_an_address_is_known()
    {
        var target = Target("sip:a.example.org");
        await NowAsync(target);
        _answer = Task.FromException<IPAddress[]>(new SocketException((int)SocketError.TryAgain));
        await NowAsync(target);
        Assert.That(await NowAsync(target), Is.EqualTo("10.0.0.1"));
        _answer = Found();
        await NowAsync(target);
        Assert.That(await NowAsync(target), Is.EqualTo("10.0.0.1"));
        _answer = new TaskCompletionSource<IPAddress[]>().Task;
        await NowAsync(target);
        var lookups = _lookups;
        Assert.That(await NowAsync(target), Is.EqualTo("10.0.0.1"));
        Assert.That(_lookups, Is.EqualTo(lookups), "one at a time");
    }

    [Test]
    public async Task IPv4_comes_first()
    {
        _answer = Found("2001:db8::1", "10.0.0.1");
        Assert.That(await NowAsync(Target("sip:a.example.org")), Is.EqualTo("10.0.0.1"));
    }

    [Test]
    public async Task After_a_failure_the_first_look_up_is_tried_again()
    {
        _answer = Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound));
        var target = Target("sip:a.example.org");
        Assert.That(async () => await NowAsync(target), Throws.InstanceOf<SocketException>());
        _answer = Found("10.0.0.1");
        Assert.That(await NowAsync(target), Is.EqualTo("10.0.0.1"));
    }

    private static Task<IPAddress[]> Found(params string[] addresses) => Task.FromResult(Array.ConvertAll(addresses, IPAddress.Parse));

    private ProbeTarget Target(string uri) => new(SipUri.Parse(uri), _ =>
    {
        _lookups++;
        return _answer;
    });

    private static async Task<string> NowAsync(ProbeTarget target) =>
        (await target.ResolveAsync(Patience, TimeProvider.System, CancellationToken.None)).ToString();
}

using System.Security.Authentication;
using KamRpcDispatcher.Probe.Tls;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Probe;

public class TlsHandshakeTests
{
    [Test]
    public void A_handshake_that_fails_leaves_nothing_open()
    {
        // Its end is where the server's hello should begin.
        using var stream = new MemoryStream();

        Assert.That(() => new TlsHandshake("sip.test", null).RunAsync(stream, CancellationToken.None), Throws.TypeOf<AuthenticationException>());
        Assert.That(stream.CanRead, Is.False);
    }

    [Test]
    public void Nor_does_one_that_is_given_up()
    {
        using var given = new CancellationTokenSource();
        given.Cancel();
        using var stream = new MemoryStream();

        Assert.That(() => new TlsHandshake("sip.test", null).RunAsync(stream, given.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(stream.CanRead, Is.False);
    }
}

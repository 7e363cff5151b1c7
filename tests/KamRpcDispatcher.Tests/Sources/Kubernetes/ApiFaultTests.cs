using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.Sources.Kubernetes.Access;
using KamRpcDispatcher.Sources.Kubernetes.Api;
using KamRpcDispatcher.Testing;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Kubernetes;

/// <summary>What is told of an API server that cannot be asked says what to do.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class ApiFaultTests : IAsyncDisposable
{
    private ApiServer _server = null!;
    private string _config = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await ApiServer.StartAsync();
        _config = _server.WriteKubeConfig();
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Of_a_certificate_of_another_authority_it_says_which_file_names_who_is_trusted()
    {
        using var strangers = new TestCertificates();

        Assert.That(
            await FaultAsync(access => access with { AuthorityFile = strangers.AuthorityFile }),
            Does.StartWith($"the API server's certificate is of nobody who is trusted: give as certificate-authority in the kubeconfig '{_config}' who signed it; it is '{strangers.AuthorityFile}' now (")
                .And.Contain("chain").And.Not.Contain("inner exception"));
    }

    [Test]
    public async Task Of_a_certificate_with_another_name_it_says_which_was_looked_for() => Assert.That(
        await FaultAsync(static access => access with { TlsServerName = "kube.example.org" }),
        Does.StartWith("the API server's certificate is not for kube.example.org: give as tls-server-name in the kubeconfig"));

    [Test]
    public async Task A_port_that_speaks_no_TLS_is_said_to_be_one()
    {
        using var plain = new TcpListener(IPAddress.Loopback, 0);
        plain.Start();
        var answering = Task.Run(async () =>
        {
            using var client = await plain.AcceptSocketAsync();
            await client.SendAsync("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"u8.ToArray());
            await client.ReceiveAsync(new byte[4096]);
        });
        var where = plain.LocalEndpoint.ToString();

        Assert.That(await FaultAsync(access => access with { Server = new Uri($"https://{where}/") }), Does.StartWith($"no TLS with the API server: is it HTTPS that is spoken at {where}? (").And.Not.Contain("inner exception"));
        await answering;
    }

    [Test]
    public async Task A_redirect_is_told_with_where_it_leads_and_is_not_followed()
    {
        _server.Stranger = static context =>
        {
            context.Response.Redirect("https://login.example.org/x", permanent: true);
            return Task.CompletedTask;
        };

        Assert.That(await FaultAsync(), Is.EqualTo("the server redirects to https://login.example.org/x, which is not followed: give the address of the API server itself (301)"));
    }

    [TestCase(200, "something else than an API server answers at")]
    [TestCase(503, "Service Unavailable, in HTML: something else than an API server answers (503)")]
    public async Task A_page_is_told_as_somebody_elses(int code, string told)
    {
        _server.Stranger = context =>
        {
            (context.Response.StatusCode, context.Response.ContentType) = (code, "text/html; charset=utf-8");
            return context.Response.WriteAsync("<html>Log in</html>");
        };

        Assert.That(await FaultAsync(), Does.StartWith(told));
    }

    [Test]
    public void An_answer_that_ends_early_is_told_so() => Assert.That(
        ApiFaults.Describe(new HttpRequestException("Error while copying content to a stream.", new HttpIOException(HttpRequestError.ResponseEnded, "The response ended prematurely.")), null, "voice"),
        Does.StartWith("the API server's answer broke off: The response ended prematurely"));

    [Test]
    public void A_proxy_that_fails_is_named_and_one_that_is_not_asked_is_not()
    {
        var access = KubeConfigReader.Read(_config) with { Server = new Uri("https://10.0.0.1:6443/") };
        var refused = new HttpRequestException("Connection refused (127.0.0.1:9)", new SocketException((int)SocketError.ConnectionRefused));

        Assert.That(
            ApiFaults.Describe(refused, access, "voice", new WebProxy("http://user:secret@127.0.0.1:9")),
            Is.EqualTo("Connection refused (127.0.0.1:9), by the proxy 127.0.0.1:9 (HTTPS_PROXY; NO_PROXY takes out 10.0.0.1)"));
        Assert.That(ApiFaults.Describe(refused, access, "voice", new WebProxy("http://127.0.0.1:9", false, ["10\\.0\\.0\\.1"])), Is.EqualTo("Connection refused (127.0.0.1:9)"));
    }

    private async Task<string> FaultAsync(Func<ClusterAccess, ClusterAccess>? changed = null)
    {
        var access = KubeConfigReader.Read(_config);
        access = changed?.Invoke(access) ?? access;
        using var api = new EndpointSliceApi(access, FollowedSource.Quick, TimeProvider.System);
        try
        {
            await api.ListAsync("voice", "asterisk", CancellationToken.None);
        }
        catch (Exception exception)
        {
            return ApiFaults.Describe(exception, access, "voice");
        }

        return "nothing";
    }
}

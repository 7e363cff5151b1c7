using System.Net;
using System.Text;
using System.Text.Json;
using KamailioRpc.Errors;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests.Transports;

/// <summary>What an HTTP server may answer that is no reply of jsonrpcs.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class HttpTransportTests : IDisposable
{
    private readonly HttpListener _server = new();
    private readonly int _port = RealServers.FreePort();

    public HttpTransportTests()
    {
        _server.Prefixes.Add($"http://127.0.0.1:{_port}/");
        _server.Start();
    }

    private string Address => $"http://127.0.0.1:{_port}/RPC";

    public void Dispose() => _server.Close();

    [TestCase(200)]
    [TestCase(500)]
    public async Task A_fault_is_one_whatever_the_status(int status)
    {
        var serving = ServeAsync(request => (status, $$"""{"jsonrpc":"2.0","error":{"code":500,"message":"x"},"id":{{request.GetProperty("id")}}}"""));
        await using var client = Client();

        var fault = await Assert.ThrowsAsync<KamailioFaultException>(() => client.InvokeAsync("m", [], CancellationToken.None));

        Assert.That((fault!.Code, fault.FaultMessage), Is.EqualTo((500, "x")));
        await serving;
    }

    [TestCase(404, "Not Found")]
    [TestCase(403, "Forbidden")]
    [TestCase(302, "Found")]
    [TestCase(500, "Internal Server Error")]
    public async Task A_status_without_a_reply_is_unreachable_and_says_where_to_look(int status, string words)
    {
        var serving = ServeAsync(_ => (status, "<html></html>"));
        await using var client = Client();

        var unreachable = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("m", [], CancellationToken.None));

        Assert.That(unreachable!.Message, Does.Contain($"{status} {words}: if Kamailio's xhttp is what answers there, as Microsoft-NetCore/2.0, event_route[xhttp:request] does not give").And.EndsWith("else it is the port of something else (2379 is etcd's)"));
        await serving;
    }

    [TestCase("")]
    [TestCase("<html></html>")]
    [TestCase("{}")]
    public async Task Success_without_a_reply_is_malformed_and_the_next_call_works(string body)
    {
        var serving = ServeAsync(_ => (200, body));
        await using var client = Client();
        await Assert.ThrowsAsync<KamailioMalformedReplyException>(() => client.InvokeAsync("m", [], CancellationToken.None));
        await serving;

        serving = ServeAsync(request => (200, $$"""{"jsonrpc":"2.0","result":7,"id":{{request.GetProperty("id")}}}"""));
        Assert.That((await client.InvokeAsync("m", [], CancellationToken.None)).ToString(), Is.EqualTo("7"));
        await serving;
    }

    [Test]
    public async Task Nobody_is_unreachable()
    {
        _server.Stop();
        await using var client = Client();

        await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("m", [], CancellationToken.None));
    }

    [Test]
    public async Task Certificates_that_cannot_be_read_are_named()
    {
        await using var client = new RpcClient(KamailioAddress.Parse("https://127.0.0.1:1/RPC"), new RpcClientOptions { CertificateAuthorityFile = "/nowhere/ca.pem" });

        var unreachable = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("m", [], CancellationToken.None));
        Assert.That(unreachable!.Message, Does.Contain("/nowhere/ca.pem"));
    }

    [Test]
    public async Task Who_listens_without_TLS_is_told_from_who_is_not_there()
    {
        await using var client = new RpcClient(KamailioAddress.Parse($"https://127.0.0.1:{_port}/RPC"), new RpcClientOptions { Timeout = TimeSpan.FromSeconds(10) });

        var unreachable = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("m", [], CancellationToken.None));
        Assert.That(unreachable!.Message, Does.EndWith("; where it listens without TLS, write http:// before it"));
    }

    private RpcClient Client() => new(KamailioAddress.Parse(Address), new RpcClientOptions { Timeout = TimeSpan.FromSeconds(10) });

    private async Task ServeAsync(Func<JsonElement, (int Status, string Body)> answer)
    {
        var context = await _server.GetContextAsync();
        Assert.That(context.Request.ContentType, Is.EqualTo("application/json"));
        var (status, body) = answer((await JsonDocument.ParseAsync(context.Request.InputStream)).RootElement);
        context.Response.StatusCode = status;
        context.Response.Headers["Location"] = $"http://127.0.0.1:{_port}/elsewhere";
        await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
        context.Response.Close();
    }
}

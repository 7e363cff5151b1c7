using System.Net;
using KamRpcDispatcher.Cli.Telemetry;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Cli;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Telemetry;

/// <summary>Who is answered over HTTP.</summary>
public sealed class HttpAccessTests
{
    private const string Secret = "0123456789abcdef";

    private static readonly IPEndPoint Loopback = new(IPAddress.Loopback, 9499);
    private static readonly IPEndPoint Everywhere = new(IPAddress.Any, 9499);

    [TestCase("localhost:9499", null)]
    [TestCase("127.0.0.1:9499", null)]
    [TestCase("[::1]:9499", null)]
    [TestCase("rebound.example.org:9499", 421)]
    [TestCase("10.0.0.5:9499", 421)]
    [TestCase("", 421)]
    public void On_loopback_only_its_own_names_are_answered(string host, int? status) => Assert.That(Status(new MetricsExposure(Loopback, [], null, null), host: host), Is.EqualTo(status));

    [TestCase("10.1.2.3", null)]
    [TestCase("::ffff:10.1.2.3", null)]
    [TestCase("127.0.0.1", null)]
    [TestCase("192.168.1.1", 403)]
    [TestCase("fd00::1", 403)]
    public void From_other_machines_only_those_of_the_networks_are_answered(string from, int? status) =>
        Assert.That(Status(new MetricsExposure(Everywhere, [IPNetwork.Parse("10.0.0.0/8")], null, null), from: from, host: "kamailio-1.example.org"), Is.EqualTo(status));

    [TestCase("Bearer " + Secret, null)]
    [TestCase("bearer " + Secret, null)]
    [TestCase("Bearer " + Secret + "0", 401)]
    [TestCase("Bearer ", 401)]
    [TestCase("Basic " + Secret, 401)]
    [TestCase(null, 401)]
    public void A_token_has_to_be_shown_where_there_is_one(string? header, int? status)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("token"), Secret + "\n");
        Assert.That(BearerToken.TryRead(folder.File("token"), out var token, out _), Is.True);

        Assert.That(Status(new MetricsExposure(Everywhere, [], token, null), authorization: header), Is.EqualTo(status));
    }

    [Test]
    public void A_token_is_read_again_and_stays_where_the_new_one_cannot_be_used()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("token"), Secret);
        Assert.That(BearerToken.TryRead(folder.File("token"), out var token, out _), Is.True);

        File.WriteAllText(folder.File("token"), "short");
        Assert.That(token!.ReadAgain(), Does.Contain("has 5 characters, not 16 to 1024"));
        Assert.That(token.IsShownBy("Bearer " + Secret), Is.True);

        File.WriteAllText(folder.File("token"), "fedcba9876543210");
        Assert.That(token.ReadAgain(), Is.Null);
        Assert.That((token.IsShownBy("Bearer " + Secret), token.IsShownBy("Bearer fedcba9876543210")), Is.EqualTo((false, true)));
    }

    [TestCase("GET", null)]
    [TestCase("HEAD", null)]
    [TestCase("POST", 405)]
    [TestCase("DELETE", 405)]
    [TestCase("OPTIONS", 405)]
    public void Nothing_is_written_over_HTTP(string method, int? status) => Assert.That(Status(new MetricsExposure(Loopback, [], null, null), method: method), Is.EqualTo(status));

    [Test]
    public void A_body_is_not_taken() => Assert.That(Status(new MetricsExposure(Loopback, [], null, null), length: 1), Is.EqualTo(413));

    [TestCase("127.0.0.1:9499", "127.0.0.1:9499")]
    [TestCase("[::1]:9499", "[::1]:9499")]
    [TestCase("127.0.0.1:0", "127.0.0.1:0")]
    [TestCase("none", null)]
    public void An_address_is_read(string text, string? expected)
    {
        Assert.That(MetricsOptions.Parse(text, out var address, out var error), Is.True, error);
        Assert.That(address!.EndPoint?.ToString(), Is.EqualTo(expected));
    }

    [TestCase("127.0.0.1")]
    [TestCase("::1")]
    [TestCase("localhost:9499")]
    [TestCase("9499")]
    [TestCase("127.0.0.1:99999")]
    [TestCase("")]
    public void What_is_no_address_with_a_port_is_refused(string text)
    {
        Assert.That(MetricsOptions.Parse(text, out _, out var error), Is.False);
        Assert.That(error, Does.Contain("is not an IP address with a port, such as 127.0.0.1:9499"));
    }

    [TestCase("http://collector:4318", "http://collector:4318/v1/metrics")]
    [TestCase("https://collector.example.org/otel/v1/metrics", "https://collector.example.org/otel/v1/metrics")]
    [TestCase("collector:4318", null)]
    [TestCase("http://u:p@collector:4318", null)]
    public void A_collector_is_read(string text, string? expected) =>
        Assert.That(MetricsOptions.Collector(text, out var uri, out _) ? uri!.ToString() : null, Is.EqualTo(expected));

    /// <summary>Usage, with all that is wrong.</summary>
    [TestCase("0.0.0.0:9499 is reached from other machines, so say who may ask: --metrics-allow with networks, or --metrics-token-file with a token", "--metrics", "0.0.0.0:9499")]
    [TestCase("--metrics-allow: 'ten' is not a network such as 10.0.0.0/8", "--metrics", "0.0.0.0:9499", "--metrics-allow", "10.0.0.0/8,ten")]
    [TestCase("--metrics-token-file: ", "--metrics", "0.0.0.0:9499", "--metrics-token-file", "/dev/null")]
    [TestCase("--metrics: is none, and --metrics-allow goes with an address", "--metrics", "none", "--metrics-allow", "10.0.0.0/8")]
    public async Task An_exposure_that_is_wrong_is_a_usage_error(string text, params string[] options)
    {
        foreach (var command in (string[][])[["dispatch"], ["announce", "--uri", "sip:10.0.0.1"]])
        {
            var (exitCode, _, errors) = await Kamrpc.RunAsync([.. command, .. options, "--log-level", "loud"]);
            Assert.That((exitCode, errors.Contains(text, StringComparison.Ordinal)), Is.EqualTo((2, true)), errors);
        }
    }

    private static int? Status(MetricsExposure exposure, string from = "127.0.0.1", string host = "127.0.0.1:9499", string method = "GET", string? authorization = null, long? length = null)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(from);
        context.Request.Host = new HostString(host);
        context.Request.Method = method;
        context.Request.ContentLength = length;
        context.Request.Headers.Authorization = authorization;
        return new HttpAccess(exposure).WhyNot(context)?.Status;
    }
}

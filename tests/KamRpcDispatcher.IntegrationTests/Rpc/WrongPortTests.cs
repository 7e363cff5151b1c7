using System.Globalization;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Rpc;

/// <summary><c>--kamailio</c> with a port of Kamailio's that is for something else, or with the wrong protocol before it.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class WrongPortTests
{
    private OpenKamailio _kamailio = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        RealServers.Require("kamailio");
        _kamailio = await OpenKamailio.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await (_kamailio?.DisposeAsync() ?? default);

    [TestCase("jsonrpc+tcp://", "http", "RPC is there, in another form: write http://")]
    [TestCase("binrpc+tcp://", "http", "RPC is there, in another form: write http://")]
    [TestCase("https://", "http", "RPC is there, in another form: write http://")]
    [TestCase("jsonrpc+tcp://", "binrpc+tcp", "RPC is there, in another form: write binrpc+tcp://")]
    [TestCase("http://", "binrpc+tcp", "RPC is there, in another form: write binrpc+tcp://")]
    [TestCase("jsonrpc+udp://", "binrpc+udp", "RPC is there, in another form: write binrpc+udp://")]
    [TestCase("binrpc+udp://", "jsonrpc+udp", "RPC is there, in another form: write jsonrpc+udp://")]
    [TestCase("http://", "https", "what answers there speaks TLS: try https://")]
    [TestCase("jsonrpc+tcp://", "https", "what answers there speaks TLS: try https://")]
    [TestCase("jsonrpc+udp://", "sip", "a SIP server answers there")]
    [TestCase("binrpc+udp://", "sip", "a SIP server answers there")]
    public async Task A_real_Kamailio_that_is_asked_at_a_wrong_port_or_in_a_wrong_form_is_named(string scheme, string port, string text)
    {
        var number = port == "sip" ? _kamailio.Server("http").Sip.Port : new Uri(_kamailio.Address(port)).Port;
        var address = string.Create(CultureInfo.InvariantCulture, $"{scheme}127.0.0.1:{number}{(scheme.StartsWith("http", StringComparison.Ordinal) ? "/RPC" : null)}");

        var (exitCode, _, errors) = await Kamrpc.RunAsync("list", "--kamailio", address);

        Assert.That((exitCode, errors), Is.EqualTo((3, errors)));
        Assert.That(errors, Does.StartWith($"kamrpc: Kamailio does not listen on {address}: {text}"));
        Assert.That(errors.TrimEnd().Split('\n'), Has.Length.EqualTo(1));
    }

    [TestCase("http://{}/RPC")]
    [TestCase("https://{}/RPC")]
    [TestCase("jsonrpc+tcp://{}")]
    [TestCase("binrpc+tcp://{}")]
    public async Task A_port_for_calls_over_TCP_is_named(string address)
    {
        var port = RealServers.FreePort();
        await using var kamailio = await KamailioServer.StartAsync(new KamailioOptions { ExtraConfig = string.Create(CultureInfo.InvariantCulture, $"#!define KAMRPC_LISTEN_TCP tcp:127.0.0.1:{port}\n") });
        var typed = address.Replace("{}", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), StringComparison.Ordinal);

        var (exitCode, _, errors) = await Kamrpc.RunAsync("list", "--kamailio", typed);

        Assert.That((exitCode, errors), Is.EqualTo((3, errors)));
        Assert.That(errors, Does.StartWith($"kamrpc: Kamailio does not listen on {typed}: a SIP server answers there"));
    }
}

using System.Text;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Configured;
using NSubstitute;
using NSubstitute.ExceptionExtensions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>Who is asked for the value of a parameter, in which order.</summary>
internal sealed class ParameterSourceTests
{
    private static readonly Observed<KamailioConfig> Sets3 = Config(new ModuleParameter("dispatcher", "reload_delta", "3", IsCertain: true, "k.cfg:7"));

    private IRpcClient _client = null!;

    [SetUp]
    public void MakeClient() => _client = Substitute.For<IRpcClient>();

    [TearDown]
    public async Task Dispose() => await _client.DisposeAsync();

    [Test]
    public async Task Kamailio_itself_is_asked_first()
    {
        _client.InvokeAsync("modparam.getn", Arg.Any<IReadOnlyList<object?>>(), Arg.Any<CancellationToken>()).Returns(new RpcResult(Encoding.UTF8.GetBytes("""{"value":0}""")));
        Assert.That(await ReadAsync(Sets3), Is.EqualTo("0 modparam.getn"));
    }

    [Test]
    public async Task Then_its_configuration_then_the_default()
    {
        _client.InvokeAsync("modparam.getn", Arg.Any<IReadOnlyList<object?>>(), Arg.Any<CancellationToken>()).ThrowsAsync(new KamailioFaultException("modparam.getn", 500, "Method Not Found"));

        Assert.That(await ReadAsync(Sets3), Is.EqualTo("3 k.cfg:7"));
        Assert.That(await ReadAsync(Config()), Is.EqualTo("5 the default, k.cfg does not set it"));
        Assert.That(await ReadAsync(Config(), new KamailioVersion(9, 0)), Does.Contain("the default of this release is not known"));
        Assert.That(await ReadAsync(Observed<KamailioConfig>.Not("permission denied")), Is.EqualTo("permission denied"));
        Assert.That(await ReadAsync(Config(new ModuleParameter("dispatcher", "reload_delta", "3", IsCertain: false, "k.cfg:7"))), Does.Contain("only Kamailio evaluates"));
        Assert.That(await ReadAsync(Config(new ModuleParameter("dispatcher", "reload_delta", "DELTA", IsCertain: true, "k.cfg:7"))), Is.EqualTo("k.cfg:7 sets it to DELTA"));
    }

    [Test]
    public async Task A_release_that_does_not_tell_is_not_asked_since_it_would_log_an_error()
    {
        Assert.That(await ReadAsync(Sets3, new KamailioVersion(6, 0)), Is.EqualTo("3 k.cfg:7"));
        await _client.DidNotReceiveWithAnyArgs().InvokeAsync(default!, default!, default);
    }

    private static Observed<KamailioConfig> Config(params ModuleParameter[] parameters) => new KamailioConfig(parameters, ["k.cfg"], []);

    private async Task<string> ReadAsync(Observed<KamailioConfig> config, KamailioVersion? version = null) =>
        (await new ParameterSource(_client, config, version ?? new KamailioVersion(6, 1)).ReadAsync("dispatcher", "reload_delta", 5, CancellationToken.None)).Try(out var parameter, out var trouble)
            ? $"{parameter.Value} {parameter.Source}"
            : trouble.Text;
}

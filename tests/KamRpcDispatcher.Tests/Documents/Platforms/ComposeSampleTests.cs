using System.Text.Json;
using KamRpcDispatcher.Doctor.Snippet;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents.Platforms;

/// <summary>samples/compose.</summary>
internal sealed class ComposeSampleTests
{
    private const string Sample = "compose/compose.yaml";
    private const string Ours = "${IMAGE:-kamrpc}";

    private IReadOnlyDictionary<string, JsonElement> _services = new Dictionary<string, JsonElement>();

    [OneTimeSetUp]
    public async Task ReadAsync() => _services = (await SampleSite.ReadAsync(Sample)).Single().GetProperty("services").EnumerateObject().ToDictionary(static service => service.Name, static service => service.Value);

    [Test]
    public void Kamrpc_takes_every_command_line_of_its_own()
    {
        var ours = _services.Values.Where(static service => service.TextAt("image") == Ours).ToList();

        Assert.That(ours, Has.Count.EqualTo(4));
        foreach (var service in ours)
        {
            SampleSite.AssertUnderstood(service.TextsAt("command"));
        }
    }

    [TestCase("announce-1", "asterisk-1")]
    [TestCase("announce-2", "asterisk-2")]
    public void An_announcer_is_stopped_before_its_server_and_has_the_time_to_leave(string announcer, string server)
    {
        var it = _services[announcer];

        Assert.That(it.TextAt("network_mode"), Is.EqualTo("service:" + server));
        Assert.That(it.TextsAt("depends_on"), Has.Member(server), "what depends on another is stopped first");
        Assert.That(SampleSite.Seconds(it.TextAt("stop_grace_period")!), Is.GreaterThan(SampleSite.LeavingTime(it.TextsAt("command"))));
        Assert.That(it.At("healthcheck/disable")?.GetBoolean(), Is.True, "the image's is a dispatcher's");
        Assert.That(it.TextsAt("command"), Has.Member(server).And.Member($"sip:{_services[server].TextAt("networks/site/ipv4_address")}:5060"));
    }

    [TestCase("dispatch-1", "kamailio-1")]
    [TestCase("dispatch-2", "kamailio-2")]
    public void A_dispatcher_shares_with_its_Kamailio_what_it_needs(string dispatcher, string kamailio)
    {
        var (it, other) = (_services[dispatcher], _services[kamailio]);

        Assert.That((it.TextAt("user"), it.TextAt("pid")), Is.EqualTo((other.TextAt("user"), "host")));
        Assert.That(other.TextAt("pid"), Is.EqualTo("host"));
        Assert.That(it.TextsAt("volumes").Intersect(other.TextsAt("volumes")), Is.EqualTo(new[] { $"{kamailio}-run:/run/kamailio" }));
        Assert.That(it.At("healthcheck"), Is.Null, "the image's");
        Assert.That(_services.Values.Select(static service => service.TextAt("environment/KAMRPC_PROXY")).OfType<string>(), Is.Unique.And.Exactly(2).Items, "a name that outlives the container");
    }

    [TestCase("kamailio-1")]
    [TestCase("kamailio-2")]
    public void A_Kamailio_has_its_address_and_sends_to_Homer(string kamailio)
    {
        var words = _services[kamailio].TextsAt("command");

        Assert.That(words, Has.Member($"KAMRPC_LISTEN=udp:{_services[kamailio].TextAt("networks/site/ipv4_address")}:5060"));
        Assert.That(words, Has.Member("WITH_HOMER").And.Member($"KAMRPC_HOMER=\"sip:{_services["heplify-server"].TextAt("networks/site/ipv4_address")}:9060\""));
        Assert.That(SnippetFiles.Snippet, Does.Contain("#!ifdef WITH_HOMER\n"));
    }

    [Test]
    public void Announcers_know_the_word_that_Asterisk_has() =>
        Assert.That(File.ReadAllLines(SampleSite.PathOf("asterisk/manager.conf")), Has.Member("secret = " + File.ReadAllText(SampleSite.PathOf("compose/ami-secret")).Trim()));

    [Test]
    [Category("Samples")]
    public async Task Compose_takes_the_file()
    {
        RealServers.Require("docker-compose");
        var whole = (await SampleSite.ReadTextAsync(await Tool.RunAsync("docker-compose", ["--file", SampleSite.PathOf(Sample), "config"], string.Empty))).Single();

        Assert.That(whole.GetProperty("services").EnumerateObject().Select(static service => service.Name), Is.EquivalentTo(_services.Keys));
        Assert.That(whole.TextAt("services/dispatch-1/image"), Is.EqualTo("kamrpc"));
    }
}

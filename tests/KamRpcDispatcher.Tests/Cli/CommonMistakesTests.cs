using System.Security.Cryptography.X509Certificates;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What goes wrong most often: what is typed, the one line that tells it, and the exit code.</summary>
[Parallelizable]
public class CommonMistakesTests
{
    private const int Runs = 3;

    private static readonly (string Name, string Value)[] None = [];

    /// <summary>Where {} stands are files and ports that are made for the test.</summary>
    private static readonly Mistake[] Mistakes =
    [
        // Commands and options.
        new("anounce", "there is no command 'anounce'; did you mean announce?"),
        new("frobnicate", "there is no command 'frobnicate'; there are announce, dispatch, "),
        new("--etcd http://10.0.0.5:2379 status", "--etcd: goes after the command: kamrpc status --etcd ..."),
        new("--proxy p1", "--proxy: a command comes first, such as kamrpc dispatch --proxy ..."),
        new("announce --etdc http://10.0.0.5:2379 --ip 10.0.0.1", "--etdc is not an option of announce; did you mean --etcd?"),
        new("announce --url sip:10.0.0.1", "--url is not an option of announce; did you mean --uri?"),
        new("dispatch --kamilio=/run/k.sock", "--kamilio is not an option of dispatch; did you mean --kamailio?"),
        new("dispatch --source kubernetes:voice/asterisk --kubeconfig /k", "--source: 'voice/asterisk' of 'kubernetes:voice/asterisk' is not NAMESPACE/SERVICE=SET"),
        new("dispatch --etcd_ca /ca.pem", "--etcd_ca is not an option of dispatch; did you mean --etcd-ca?"),
        new("confirm --endpoints http://10.0.0.5:2379", "--endpoints is not an option of confirm; did you mean --etcd?"),
        new("confirm --cacert /ca.pem", "--cacert is not an option of confirm; did you mean --etcd-ca?"),
        new("confirm --json", "--json is not an option of confirm; did you mean --output json?"),
        new("confirm --proxy p1", "--proxy is not an option of confirm, but of dispatch"),
        new("confirm p1", "'p1': confirm takes options only, and this is the value of none"),
        new("confirm --etcd", "--etcd: needs a value after it"),
        new("drain a --reason --dry-run", "--reason: needs a value after it, and --dry-run is an option"),
        new("split 1 v=a:50 v=b:50 --as --no-wait", "--as: needs a value after it, and --no-wait is an option"),
        new("drain --reason= a b --no-wait", "--reason: is empty"),
        new("drain a --as= --dry-run", "--as: is empty"),
        new("confirm --etcd= --dry-run", "--etcd: "),
        new("confirm --cluster a --cluster b", "--cluster: is given more than once; give it once"),
        new("confirm -o xml", "--output: 'xml' is not table"),
        new("announce --ip 10.0.0.1 --ttl 5sec", "--ttl: '5sec' is not a duration from 2s to 1h, such as 500ms, 5s or 2m"),
        new("announce --ip 10.0.0.1 --ttl 500ms", "--ttl: '500ms' is not a duration from 2s to 1h"),
        new("dispatch --log-level verbose", "--log-level: 'verbose' is not debug, information, warning or error"),
        new("dispatch --grace off", "--grace: 'off' is not auto, fixed or none"),
        new("dispatch --set all", "--set: 'all' is not a number from 0 to 2147483647"),
        new("announce @{folder}/none", "@{folder}/none: there is no such file of arguments"),
        new("@{folder}/none", "@{folder}/none: there is no such file of arguments"),
        new("explain @{folder}/none", "@{folder}/none: there is no such file of arguments"),
        new("version", "there is no command 'version'; did you mean --version?"),
        new("/h", "there is no command '/h'; did you mean --help?"),
        new("confirm /?", "'/?': did you mean --help?"),
        new("[suggest]", "there is no command '[suggest]'; there are announce, dispatch, "),
        new("[parse] confirm", "there is no command '[parse]'; there are announce, dispatch, "),

        // Variables.
        new("confirm -o xml", "warning: the variable KAMRPC_ETDC is no option, and has no effect; did you mean KAMRPC_ETCD?") { Environment = ("KAMRPC_ETDC", "http://10.0.0.5:2379"), Others = 1 },
        new("status", "KAMRPC_VERBOSE: 'nein' is not 1 or 0, true or false, yes or no") { Environment = ("KAMRPC_VERBOSE", "nein") },
        new("announce --uri sip:10.0.0.1", "--uri and KAMRPC_IP exclude each other") { Environment = ("KAMRPC_IP", "10.0.0.1") },
        new("announce --port 5061", "--port: goes with --ip; write it into KAMRPC_URI") { Environment = ("KAMRPC_URI", "sip:10.0.0.1") },
        new("status", "KAMRPC_IGNORE: there is no finding 'nothing'; there are ") { Environment = ("KAMRPC_IGNORE", "nothing,etcd.members") },
        new("doctor", "KAMRPC_IGNORE: there is no check 'nothing'; there are ") { Environment = ("KAMRPC_IGNORE", "nothing,held") },
        new("status --ignore etcd.members", "--ignore: there is no finding 'etcd.members'; there are "),
        new("doctor --ignore held", "--ignore: there is no check 'held'; there are "),
        new("cfg", "KAMRPC_OUTPUT: 'xml' is not table, json or yaml") { Environment = ("KAMRPC_OUTPUT", "xml") },
        new("cfg -o json", "--output: goes with --write or --check, of which none is given"),
        new("announce --ip 10.0.0.1", "KAMRPC_TTL: '5sec' is not a duration from 2s to 1h") { Environment = ("KAMRPC_TTL", "5sec") },
        new("confirm", "KAMRPC_ETCD: '\"http://10.0.0.5:2379\"' is not an etcd endpoint such as http://127.0.0.1:2379; the quotes are part of the value: leave them out") { Environment = ("KAMRPC_ETCD", "\"http://10.0.0.5:2379\"") },

        // Addresses of etcd.
        new("confirm --etcd ftp://10.0.0.5", "--etcd: 'ftp://10.0.0.5' is not an etcd endpoint such as http://127.0.0.1:2379"),
        new("confirm --etcd http://10.0.0.5:2379/v3", "--etcd: 'http://10.0.0.5:2379/v3' has more than a host and a port"),
        new("confirm --etcd https://a:2379,b:2379", "--etcd: 'https://a:2379,b:2379' mixes http:// and https://; write https:// before every endpoint"),
        new("confirm --etcd http://root:secret@10.0.0.5:2379", "--etcd: an etcd endpoint has a user before the host (there is an '@'), and is not shown here; give --etcd-user and --etcd-password-file instead"),
        new("confirm --etcd http://127.0.0.1:1", "etcd at http://127.0.0.1:1 does not answer (Connection refused", 3),
        new("confirm --etcd http://no-such-host.invalid:2379", "etcd at http://no-such-host.invalid:2379 does not answer (the name 'no-such-host.invalid' ", 3),
        new("confirm --etcd https://127.0.0.1:{plain}", "etcd at https://127.0.0.1:{plain} does not answer (this endpoint does not speak TLS: write http:// before it", 3),
        new("confirm --etcd http://127.0.0.1:{tls}", "etcd at http://127.0.0.1:{tls} does not answer (this endpoint speaks TLS: write https:// before it)", 3),
        new("confirm --etcd http://127.0.0.1:{plain}", "etcd at http://127.0.0.1:{plain} does not answer (what answers there speaks HTTP/1 only, so it is not where etcd takes clients: give the address of etcd itself", 3),
        new("confirm --etcd http://127.0.0.1:{sip}", "etcd at http://127.0.0.1:{sip} does not answer (a SIP server answers there, not etcd: give the address of etcd itself", 3),
        new("confirm --etcd http://10.0.0.5:5060 -o xml", "warning: --etcd: 5060 is the port of SIP as a rule, and etcd's is 2379") { Others = 1 },

        // Certificates and passwords.
        new("confirm --etcd 10.0.0.5 --etcd-ca {ca}", "--etcd-ca: goes with TLS; write https:// before the endpoints of --etcd"),
        new("confirm --etcd https://10.0.0.5 --etcd-ca /none/ca.pem", "--etcd-ca: there is no file '/none/ca.pem'"),
        new("confirm --etcd https://10.0.0.5 --etcd-ca {folder}", "--etcd-ca: '{folder}' is no regular file (a FIFO, a device or a directory)"),
        new("confirm --etcd https://10.0.0.5 --etcd-ca {folder}/der", "--etcd-ca: '{folder}/der' has no certificate in PEM; it has to begin with -----BEGIN CERTIFICATE-----"),
        new("confirm --etcd https://10.0.0.5 --etcd-cert {cert}", "--etcd-cert: goes with --etcd-key, which is not given"),
        new("confirm --etcd https://10.0.0.5 --etcd-cert {cert} --etcd-key {otherkey}", "--etcd-key: the key in '{otherkey}' is not that of the first certificate in '{cert}', or damaged"),
        new("confirm --etcd https://10.0.0.5 --etcd-cert {cert} --etcd-key {folder}/encrypted", "--etcd-key: the key in '{folder}/encrypted' is encrypted, and nobody is there to be asked for its password; openssl pkey"),
        new("confirm --etcd https://127.0.0.1:{tls}", "etcd at https://127.0.0.1:{tls} does not answer (its certificate was issued by 'CN=test authority', which this system does not trust; --etcd-ca names a file with the certificate to trust", 3),
        new("confirm --etcd-user root", "--etcd-user: goes with --etcd-password-file, which is not given"),
        new("confirm --etcd-user root --etcd-password-file {folder}/empty", "--etcd-password-file: there is no password in '{folder}/empty'; write it into its first line"),

        // Addresses of Kamailio.
        new("dispatch --kamailio unix:/run/kamailio/kamailio_rpc.sock", "--kamailio: 'unix:/run/kamailio/kamailio_rpc.sock' is not an address of Kamailio's RPC; did you mean jsonrpc+unix:/run/kamailio/kamailio_rpc.sock?"),
        new("dispatch --kamailio jsonrpc+unx:/run/k.sock", "--kamailio: 'jsonrpc+unx:/run/k.sock' is not an address of Kamailio's RPC; did you mean jsonrpc+unix:/run/k.sock?"),
        new("dispatch --kamailio jsonrpc+unix://run/k.sock", "--kamailio: 'jsonrpc+unix://run/k.sock' has two slashes: write jsonrpc+unix:/path"),
        new("dispatch --kamailio jsonrpc+udp:127.0.0.1:8090", "--kamailio: 'jsonrpc+udp:127.0.0.1:8090' is not an address of Kamailio's RPC; did you mean jsonrpc+udp://127.0.0.1:8090?"),
        new("dispatch --kamailio 127.0.0.1:8090", "--kamailio: '127.0.0.1:8090' is not an address of Kamailio's RPC; did you mean jsonrpc+udp://127.0.0.1:8090 or jsonrpc+tcp://127.0.0.1:8090?"),
        new("dispatch --kamailio jsonrpc+udp://127.0.0.1", "--kamailio: 'jsonrpc+udp://127.0.0.1' has no host and port: write jsonrpc+udp://127.0.0.1:PORT"),
        new("dispatch --kamailio localhost", "--kamailio: 'localhost' is not an address of Kamailio's RPC, such as jsonrpc+unix:/run/kamailio/kamailio_rpc.sock"),
        new("list --kamailio http://127.0.0.1:{sip}/RPC", "Kamailio does not listen on http://127.0.0.1:{sip}/RPC: a SIP server answers there, by its own protocol: it is a port for calls, and RPC has one of its own, or goes over this one where xhttp is loaded", 3),
        new("list --kamailio https://127.0.0.1:{sip}/RPC", "Kamailio does not listen on https://127.0.0.1:{sip}/RPC: a SIP server answers there", 3),
        new("list --kamailio jsonrpc+tcp://127.0.0.1:{sip}", "Kamailio does not listen on jsonrpc+tcp://127.0.0.1:{sip}: a SIP server answers there, by its own protocol: it is a port for calls, and RPC has one of its own; Kamailio's own socket is jsonrpc+unix:", 3),
        new("list --kamailio jsonrpc+tcp://127.0.0.1:{plain}", "Kamailio does not listen on jsonrpc+tcp://127.0.0.1:{plain}: a web server answers there: try http://127.0.0.1:{plain}/RPC", 3),
        new("list --kamailio binrpc+tcp://127.0.0.1:{tls}", "Kamailio does not listen on binrpc+tcp://127.0.0.1:{tls}: what answers there speaks TLS: try https://127.0.0.1:{tls}/RPC", 3),
        new("list --kamailio http://127.0.0.1:{tls}/RPC", "Kamailio does not listen on http://127.0.0.1:{tls}/RPC: what answers there speaks TLS: try https://127.0.0.1:{tls}/RPC", 3),
        new("list --kamailio https://127.0.0.1:{plain}/RPC", "Kamailio does not listen on https://127.0.0.1:{plain}/RPC: ", 3),
        new("list --reply-dir {folder}/empty", "--reply-dir: '{folder}/empty' cannot be made, since {folder}/empty is a file: name a directory"),
        new("dispatch --reply-dir run", "--reply-dir: 'run' is not an absolute path"),

        // Addresses of a server.
        new("announce", "--uri or --ip must say where the server takes calls"),
        new("announce --uri 10.0.0.1:5060", "--uri: '10.0.0.1:5060' does not start with sip: or sips:; did you mean sip:10.0.0.1:5060?"),
        new("announce --uri sip:10.0.0.256", "--uri: '10.0.0.256' is neither an IPv4 address, an IPv6 address in brackets, nor a host name"),
        new("announce --uri sip:10.0.0.1 --transport tls", "--transport: goes with --ip; write it into --uri"),
        new("announce --ip 0.0.0.0", "--ip: 'sip:0.0.0.0:5060': the address 0.0.0.0 is unspecified: a server may listen on it, but nobody can send there; give the one at which Kamailio reaches the server, such as --ip "),
        new("announce --uri sip:127.255.255.255", "--uri: 'sip:127.255.255.255': the address 127.255.255.255 is the broadcast address of this machine's network 127.0.0.0/8, not that of one host; give the one "),
        new("announce --ip auto", "--ip: auto is 127.0.0.1, since etcd at http://127.0.0.1:2379 is on this machine, and for another host that is itself; name the interface, such as --ip "),
        new("announce --ip eth99", "--ip: 'eth99' is neither an IPv4 or IPv6 address, nor auto, nor an interface of this machine ("),
        new("announce --uri sip:10.0.0.1 --uri sip:10.0.0.2", "--uri: 'sip:10.0.0.1' needs a name of its own where there are several: NAME=sip:10.0.0.1") { Others = 1 },

        // What is announced, and Kamailio's configuration.
        new("announce --ip 10.0.0.1 --slow-start 2h", "--slow-start: '2h' is not a duration from 1s to 1h"),
        new("announce --ip 10.0.0.1 --slow-start 1500ms", "--slow-start: '1500ms' is not a whole number of seconds"),
        new("dispatch --zone a;b", "--zone: the value 'a;b' of the label 'zone' is not"),
        new("dispatch --zone a --zone-min 120%", "--zone-min: '120%' is not a percentage from 0% to 100%"),
        new("dispatch --zone-min 20", "--zone-min: goes with --zone, which is not given"),
        new("announce --ip 10.0.0.1 --weight 0", "--weight: '0' is not a number from 1 to 100"),
        new("announce --ip 10.0.0.1 --attr maxload", "--attr: 'maxload' is not name=value"),
        new("announce --ip 10.0.0.1 --ami 127.0.0.1:5038", "--ami: needs --ami-secret-file: a file with the secret of the user in manager.conf"),
        new("doctor --kamailio-cfg /none/kamailio.cfg", "--kamailio-cfg: there is no file '/none/kamailio.cfg'"),
    ];

    private readonly Dictionary<string, string> _places = [];
    private readonly List<AnsweringServer> _servers = [];
    private TemporaryFolder _folder = null!;
    private TestCertificates _certificates = null!;
    private X509Certificate2 _certificate = null!;

    [OneTimeSetUp]
    public void Prepare()
    {
        _folder = new TemporaryFolder();
        _certificates = new TestCertificates();
        _certificate = X509Certificate2.CreateFromPemFile(_certificates.Server.CertificateFile, _certificates.Server.KeyFile);
        File.WriteAllText(_folder.File("empty"), "\n");
        File.WriteAllBytes(_folder.File("der"), _certificate.RawData);
        File.WriteAllText(_folder.File("encrypted"), "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
        foreach (var file in new[] { "empty", "encrypted" })
        {
            File.SetUnixFileMode(_folder.File(file), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        _servers.Add(new AnsweringServer(static _ => "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
        _servers.Add(new AnsweringServer(static _ => null, _certificate));
        _servers.Add(new AnsweringServer(static request => request.StartsWith("OPTIONS sip:", StringComparison.Ordinal) ? "SIP/2.0 200 OK\r\n\r\n" : null));
        foreach (var (name, place) in new[]
        {
            ("folder", _folder.Path), ("ca", _certificates.AuthorityFile), ("cert", _certificates.Server.CertificateFile), ("otherkey", _certificates.Root.KeyFile),
            ("plain", $"{_servers[0].Port}"), ("tls", $"{_servers[1].Port}"), ("sip", $"{_servers[2].Port}"),
        })
        {
            _places.Add("{" + name + "}", place);
        }
    }

    [OneTimeTearDown]
    public async Task ForgetAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _certificate.Dispose();
        _certificates.Dispose();
        _folder.Dispose();
    }

    [TestCaseSource(nameof(Mistakes))]
    public async Task A_mistake_is_told_in_one_line_that_names_it_and_says_what_to_do(Mistake mistake)
    {
        var (exitCode, output, errors) = await RunAsync(mistake);

        var lines = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => !line.StartsWith("Try '", StringComparison.Ordinal)).ToList();
        var isJson = mistake.ToString().EndsWith("-o json", StringComparison.Ordinal);
        Assert.That((exitCode, output.Length == 0, output.StartsWith("{\n  \"error\": {", StringComparison.Ordinal)), Is.EqualTo((mistake.ExitCode, !isJson, isJson)), output + errors);
        Assert.That(lines[0], Does.StartWith("kamrpc: " + Placed(mistake.Message)));
        Assert.That(lines, Has.Count.EqualTo(1 + mistake.Others), errors);
        Assert.That(errors, Does.Not.Contain("root:secret"));
    }

    /// <summary>Whoever is asked has two seconds to answer, in which a busy machine may not come to it: then nothing is told but that.</summary>
    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(Mistake mistake)
    {
        const string NotInTime = "nothing within";
        for (var run = 1; ; run++)
        {
            var said = await Kamrpc.RunAsync(Placed(mistake.Typed).Split(' '), mistake.Environment is { } variable ? [variable] : None);
            if (run == Runs || mistake.Message.Contains(NotInTime, StringComparison.Ordinal) || !said.Errors.Contains(NotInTime, StringComparison.Ordinal))
            {
                return said;
            }
        }
    }

    [Test]
    public async Task A_line_with_an_answer_stands_alone_and_any_other_leads_to_the_help()
    {
        Assert.That((await Kamrpc.RunAsync("confirm", "--etdc", "x")).Errors, Is.EqualTo("kamrpc: --etdc is not an option of confirm; did you mean --etcd?\n"));
        Assert.That((await Kamrpc.RunAsync("confirm", "--bogus", "x")).Errors, Is.EqualTo("kamrpc: --bogus is not an option of confirm\nTry 'kamrpc confirm --help'.\n"));
    }

    private string Placed(string text) => _places.Aggregate(text, static (placed, place) => placed.Replace(place.Key, place.Value, StringComparison.Ordinal));

    /// <param name="Typed">The arguments.</param>
    /// <param name="Message">What the first line begins with, after the name of the program.</param>
    /// <param name="ExitCode">The exit code.</param>
    public sealed record Mistake(string Typed, string Message, int ExitCode = 2)
    {
        /// <summary>A variable that is set.</summary>
        public (string Name, string Value)? Environment { get; init; }

        /// <summary>How many further lines there are, of mistakes that are made to end the command.</summary>
        public int Others { get; init; }

        public override string ToString() => Environment is { } variable ? $"{variable.Name}={variable.Value} kamrpc {Typed}" : $"kamrpc {Typed}";
    }
}

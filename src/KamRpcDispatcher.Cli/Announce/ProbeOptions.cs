using System.Collections.Immutable;
using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Announce;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Probe;
using KamRpcDispatcher.Probe.Command;
using KamRpcDispatcher.Probe.Sip;

namespace KamRpcDispatcher.Cli.Announce;

/// <summary>The options of <c>kamrpc announce</c> that say how a server is probed.</summary>
internal static class ProbeOptions
{
    private static readonly Option<string?> Probe = CommonOptions.Text("--probe", "How to look whether it is alive: options (SIP), tcp, exec:COMMAND (exit code 0 alive, 75 leaving), none. [default: options]", OptionGroup.Server, "options", "tcp", "exec:", "none");
    private static readonly Option<string?> ProbeUri = CommonOptions.Text("--probe-uri", "Where to look. [default: the server's own address]", OptionGroup.Server);
    private static readonly ValueOption<SipStatusCodes> ProbeCodes = new("--probe-codes", "The answers of a server that is alive; 503 is one that leaves.", SipStatusCodes.Default, SipStatusCodes.TryParse, OptionGroup.Server);
    private static readonly Option<string?> ProbeTimeout = CommonOptions.Text("--probe-timeout", "How long one look may take. [default: half the interval; exec: 5s]", OptionGroup.Timing);
    private static readonly Option<string?> ProbeCa = CommonOptions.FileName("--probe-ca", "With TLS: a PEM file of whom to trust. [default: anybody]", OptionGroup.Server);
    private static readonly Option<string?> ProbeCert = CommonOptions.FileName("--probe-cert", "With TLS: a PEM file, the certificate to show if it asks.", OptionGroup.Server);
    private static readonly Option<string?> ProbeKey = CommonOptions.FileName("--probe-key", "With --probe-cert: a PEM file, its private key.", OptionGroup.Server);
    private static readonly ValueOption<TimeSpan> Interval = new("--interval", "The time from one look to the next.", "1s", CommonOptions.Interval, OptionGroup.Timing);
    private static readonly ValueOption<int> Rise = new("--rise", "Good answers in a row until it is ready.", "1", ParseCount, OptionGroup.Timing);
    private static readonly ValueOption<int> Fall = new("--fall", "Bad answers in a row until it is down.", "2", ParseCount, OptionGroup.Timing);

    public static void AddTo(Command command) => CommonOptions.Add(command, Probe, ProbeUri, ProbeCodes, ProbeCa, ProbeCert, ProbeKey, Interval, ProbeTimeout, Rise, Fall);

    /// <summary>How often, and what counts.</summary>
    public static (TimeSpan Interval, int Rise, int Fall) ReadPace(OptionReader options) =>
        (options.Value(Interval), options.Value(Rise), options.Value(Fall));

    /// <summary>The servers and how each is probed; members that one probe speaks for are together.</summary>
    public static IReadOnlyList<ProbedServer> ReadServers(OptionReader options, IReadOnlyList<AnnouncedServer> servers, TimeSpan interval, Func<AnnouncedServer, ImmutableArray<Member>> members)
    {
        var kind = options.Text(Probe) ?? "options";
        var uri = options.Value<SipUri>(ProbeUri, null, SipUri.TryParse);
        var timeout = options.Value<TimeSpan?>(ProbeTimeout, null, ParseTimeout);
        var codes = options.Value(ProbeCodes);
        if (kind != "options")
        {
            Refuse(options, ProbeCodes, "goes with --probe options");
            Refuse(options, ProbeCa, "goes with --probe options");
            Refuse(options, ProbeCert, "goes with --probe options");
            Refuse(options, ProbeKey, "goes with --probe options");
            if (kind != "tcp")
            {
                Refuse(options, ProbeUri, "goes with --probe options or tcp");
            }
        }

        if (uri is not null)
        {
            AddressChecks.Check(options, ProbeUri, uri, isHere: true);
        }

        CommonOptions.Together(options, ProbeCert, ProbeKey);
        var sip = new SipProbeOptions
        {
            Alive = codes ?? SipStatusCodes.Parse(SipStatusCodes.Default),
            Timeout = timeout ?? (interval / 2),
            CaFile = options.Text(ProbeCa),
            CertificateFile = options.Value<string>(ProbeCert, null, CommonOptions.ExistingFile),
            KeyFile = options.Value<string>(ProbeKey, null, CommonOptions.ExistingFile),
        };
        CommonOptions.WarnIfPublic(ProbeKey, sip.KeyFile);
        Func<SipUri, IProbe>? create = kind switch
        {
            "options" => target => SipProbe.Create(target, sip),
            "tcp" => target => new TcpProbe(target.Host, target.Port, sip.Timeout),
            _ => null,
        };
        if (create is not null)
        {
            // One probe of one address speaks for every member there.
            var targets = servers.GroupBy(server => uri ?? server.Local).ToList();
            if (kind == "options")
            {
                foreach (var wrong in targets.Select(target => SipProbe.WhyNot(target.Key, sip)).OfType<string>())
                {
                    options.Add(uri is null ? Probe : ProbeUri, wrong);
                }
            }

            return options.HasErrors ? [] : [.. targets.Select(target => new ProbedServer(create(target.Key), [.. target.SelectMany(server => members(server))]))];
        }

        var probe = Other(options, kind, timeout);
        return options.HasErrors ? [] : [new ProbedServer(probe, [.. servers.SelectMany(server => members(server))])];
    }

    private static CommandProbe? Other(OptionReader options, string kind, TimeSpan? timeout)
    {
        if (!ExecCommand.TryParse(kind, timeout, out var command) && kind != "none")
        {
            options.Add(Probe, $"'{SafeText.Shorten(kind)}' is not options, tcp, exec:COMMAND or none");
        }

        return command;
    }

    private static void Refuse(OptionReader options, Option<string?> option, string why)
    {
        if (options.Text(option) is not null)
        {
            options.Add(option, why);
        }
    }

    private static bool ParseCount(string text, out int value, [NotNullWhen(false)] out string? error) => CommonOptions.Integer(text, 1, 100, out value, out error);

    private static bool ParseTimeout(string text, [NotNullWhen(true)] out TimeSpan? value, [NotNullWhen(false)] out string? error)
    {
        var valid = CommonOptions.Interval(text, out var time, out error);
        value = valid ? time : null;
        return valid;
    }
}

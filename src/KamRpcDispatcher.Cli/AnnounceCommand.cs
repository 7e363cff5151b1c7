using System.Collections.Immutable;
using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using KamRpcDispatcher.Announce;
using KamRpcDispatcher.Destinations;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli;

/// <summary><c>kamrpc announce</c>: beside a SIP server, keeps it announced in etcd.</summary>
internal static class AnnounceCommand
{
    private static readonly Option<string?> Set = CommonOptions.Text("--set", "The dispatcher set that the server belongs to. [default: 1]");
    private static readonly Option<string?> Name = CommonOptions.Text("--name", "The server's name, unique in its set. [default: the host's name]");
    private static readonly Option<string?> Uri = CommonOptions.Text("--uri", "Where Kamailio sends calls, such as sip:10.0.0.1:5060;transport=tcp.");
    private static readonly Option<string?> Ip = CommonOptions.Text("--ip", "Instead of --uri: the server's IPv4 or IPv6 address.");
    private static readonly Option<string?> Port = CommonOptions.Text("--port", "With --ip: the server's UDP port. [default: 5060]");
    private static readonly Option<string?> Ttl = CommonOptions.Text("--ttl", "How long the server stays announced after a crash of this program. [default: 5s]");
    private static readonly Option<string?> Weight = CommonOptions.Text("--weight", "The server's share of the calls, 1 to 100, for algorithms 9 and 11.");
    private static readonly Option<string?> Priority = CommonOptions.Text("--priority", $"Higher comes first, 0 to {MemberRules.MaxPriority}. [default: 0]");
    private static readonly Option<string[]> Attr = CommonOptions.Texts("--attr", "An attribute for Kamailio, name=value (repeatable).");
    private static readonly Option<string[]> Label = CommonOptions.Texts("--label", "A label for operators, name=value (repeatable).");

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new Command("announce", "Announces a SIP server in etcd, and withdraws it when stopped.")
        {
            CommonOptions.Cluster, Set, Name, Uri, Ip, Port, Ttl, Weight, Priority, Attr, Label, CommonOptions.LogLevel,
        };
        EtcdOptions.AddTo(command);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        var etcd = EtcdOptions.Read(options);
        var cluster = options.Value<string>(CommonOptions.Cluster, "default", CommonOptions.ClusterName);
        var level = options.Value<LogLevel>(CommonOptions.LogLevel, "information", CommonOptions.Level);
        var ttl = options.Value<TimeSpan>(Ttl, "5s", ParseTtl);
        var member = ReadMember(options);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        using var logs = Logs.Create(level);
        using var service = new SystemdState();
        using var hurry = new SecondStopSignal();
        await using var announcer = new AnnouncerDaemon(new AnnouncerOptions(etcd!, cluster!, [new Box(null, [member!])]) { Ttl = ttl, DrainTimeout = TimeSpan.Zero }, service, TimeProvider.System, logs);
        service.Watch(() => announcer.IsResponsive);
        return await announcer.RunAsync(cancellationToken, hurry.Token).ConfigureAwait(false) ? ExitCode.Done : ExitCode.Unreachable;
    }

    private static Member? ReadMember(OptionReader options)
    {
        var set = options.Value<int>(Set, "1", CommonOptions.SetNumber);
        var name = options.Value<string>(Name, Dns.GetHostName(), CommonOptions.Name);
        var uri = ReadUri(options);
        var weight = options.Value<int?>(Weight, null, ParseWeight);
        var priority = options.Value<int>(Priority, "0", ParsePriority);
        var attributes = ReadPairs(options, Attr, "attributes", MemberRules.CheckAttribute);
        var labels = ReadPairs(options, Label, "labels", MemberRules.CheckLabel);
        return name is null || uri is null
            ? null
            : new Member(new MemberKey(set, name), uri) { Weight = weight, Priority = priority, Attributes = attributes, Labels = labels };
    }

    private static SipUri? ReadUri(OptionReader options)
    {
        var (uri, ip, port) = (options.Text(Uri), options.Text(Ip), options.Text(Port));
        switch (uri, ip)
        {
            case (null, null):
                options.Add("--uri or --ip must say where the server takes calls");
                return null;
            case (not null, not null):
                options.Add("--uri and --ip exclude each other");
                return null;
            case (not null, null):
                if (port is not null)
                {
                    options.Add(Port, "goes with --ip; write the port into --uri");
                }

                return options.Value<SipUri>(Uri, null, SipUri.TryParse);
        }

        if (!IPAddress.TryParse(ip, out _))
        {
            options.Add(Ip, $"'{ip}' is not an IPv4 or IPv6 address");
            return null;
        }

        var host = ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]" : ip;
        if (SipUri.TryParse($"sip:{host}:{port ?? "5060"}", out var parsed, out var error))
        {
            return parsed;
        }

        options.Add(port is null ? Ip : Port, error);
        return null;
    }

    private static ImmutableSortedDictionary<string, string> ReadPairs(OptionReader options, Option<string[]> option, string what, Func<string, string, string?> check)
    {
        var pairs = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var text in options.Texts(option))
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                options.Add(option, $"'{text}' is not name=value");
            }
            else if (check(text[..equals], text[(equals + 1)..]) is { } error)
            {
                options.Add(option, error);
            }
            else if (!pairs.TryAdd(text[..equals], text[(equals + 1)..]))
            {
                options.Add(option, $"'{text[..equals]}' is given twice");
            }
        }

        if (MemberRules.CheckCount(what, pairs.Count) is { } tooMany)
        {
            options.Add(option, tooMany);
        }

        return pairs.ToImmutable();
    }

    // etcd itself grants no less than its election timing allows, 2 s by default.
    private static bool ParseTtl(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Duration(text, TimeSpan.FromSeconds(2), TimeSpan.FromHours(1), out value, out error);

    private static bool ParseWeight(string text, [NotNullWhen(true)] out int? value, [NotNullWhen(false)] out string? error)
    {
        var valid = CommonOptions.Integer(text, MemberRules.MinWeight, MemberRules.MaxWeight, out var number, out error);
        value = valid ? number : null;
        return valid;
    }

    private static bool ParsePriority(string text, out int value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Integer(text, 0, MemberRules.MaxPriority, out value, out error);
}

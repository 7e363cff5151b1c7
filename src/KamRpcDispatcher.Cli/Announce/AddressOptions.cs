using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.Announce;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Etcd.Connection;

namespace KamRpcDispatcher.Cli.Announce;

/// <summary>The options of <c>kamrpc announce</c> that say which servers there are and where.</summary>
internal static class AddressOptions
{
    private const string Auto = "auto";

    private static readonly Option<string?> Name = CommonOptions.Text("--name", "The server's name in its set. [default: the host's name]", OptionGroup.Needed);
    private static readonly Option<string[]> Uri = CommonOptions.Texts("--uri", "Where Kamailio sends calls, such as sip:10.0.0.1:5060;transport=tcp. Repeatable; several have a name each: NAME=URI.", OptionGroup.Needed);
    private static readonly Option<string?> Ip = CommonOptions.Text("--ip", "Instead of --uri: the server's address, an interface such as eth0, or auto (the address that leads to etcd).", OptionGroup.Needed, "auto");
    private static readonly Option<string?> Port = CommonOptions.Text("--port", "With --ip: the port. [default: 5060; with tls 5061]", OptionGroup.Server);
    private static readonly ValueOption<string> Transport = new("--transport", "With --ip: udp, tcp or tls.", "udp", ParseTransport, OptionGroup.Server, "udp", "tcp", "tls");
    private static readonly Option<string?> Advertise = CommonOptions.Text("--advertise", "The address, with or without a port, under which Kamailio reaches the server, if another (NAT, mapped ports).", OptionGroup.Server);

    public static void AddTo(Command command) => CommonOptions.Add(command, Name, Uri, Ip, Port, Transport, Advertise);

    /// <summary>The servers named; what is wrong is with the reader.</summary>
    /// <exception cref="SocketException">There is no way to etcd, so that the address cannot be known.</exception>
    public static async Task<IReadOnlyList<AnnouncedServer>> ReadAsync(OptionReader options, EtcdEndpoints? etcd, CancellationToken cancellationToken)
    {
        var hasUris = options.Texts(Uri).Count > 0;
        var servers = hasUris ? ReadUris(options) : await ReadIpAsync(options, etcd, cancellationToken).ConfigureAwait(false);
        servers.ForEach(server => AddressChecks.Check(options, hasUris ? Uri : Ip, server.Local, isHere: true));
        if (options.Text(Advertise) is { } advertised)
        {
            servers = Advertised(options, servers, advertised);
            servers.Take(1).ToList().ForEach(server => AddressChecks.Check(options, Advertise, server.Announced, isHere: false));
        }

        if (etcd is not null && !options.HasErrors)
        {
            AddressChecks.WarnOfLoopback(servers.Select(static server => server.Announced), etcd);
        }

        foreach (var twice in servers.GroupBy(static server => server.Name).Where(static group => group.Count() > 1))
        {
            options.Add(Uri, $"the name '{twice.Key}' is given twice");
        }

        foreach (var twice in servers.GroupBy(static server => server.Announced).Where(static group => group.Count() > 1))
        {
            options.Add(Uri, $"{twice.Key} is announced twice");
        }

        return servers;
    }

    private static List<AnnouncedServer> ReadUris(OptionReader options)
    {
        if (options.Text(Ip) is not null)
        {
            options.Add($"{options.GivenName(Uri)} and {options.GivenName(Ip)} exclude each other");
        }

        foreach (var option in (Option<string?>[])[Port, Transport])
        {
            if (options.Text(option) is not null)
            {
                options.Add(option, $"goes with {Ip.Name}; write it into {options.GivenName(Uri)}");
            }
        }

        var texts = options.Texts(Uri);
        var servers = new List<AnnouncedServer>();
        foreach (var text in texts)
        {
            var (name, uri) = Split(text);
            if (name is null && texts.Count > 1)
            {
                options.Add(Uri, $"'{SafeText.Shorten(text)}' needs a name of its own where there are several: NAME={SafeText.Shorten(text)}");
            }
            else if (name is not null && options.Text(Name) is not null)
            {
                options.Add(Name, "has no use where --uri gives names");
            }
            else if (name is not null && MemberValidation.CheckName(name) is { } wrong)
            {
                options.Add(Uri, wrong);
            }
            else if (!SipUri.TryParse(uri, out var parsed, out var error))
            {
                options.Add(Uri, SipUri.TryParse("sip:" + uri, out _, out _) ? $"{error}; did you mean sip:{uri}?" : error);
            }
            else if ((name ?? ReadName(options)) is { } known)
            {
                servers.Add(new AnnouncedServer(known, parsed, parsed));
            }
        }

        return servers;
    }

    private static (string? Name, string Uri) Split(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 || text.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) || text.StartsWith("sips:", StringComparison.OrdinalIgnoreCase)
            ? (null, text)
            : (text[..equals], text[(equals + 1)..]);
    }

    private static string? ReadName(OptionReader options) => options.Value<string>(Name, Dns.GetHostName(), CommonOptions.Name);

    private static async Task<List<AnnouncedServer>> ReadIpAsync(OptionReader options, EtcdEndpoints? etcd, CancellationToken cancellationToken)
    {
        var name = ReadName(options);
        var transport = options.Value(Transport);
        if (options.Text(Ip) is not { } ip)
        {
            options.AddMissing("--uri or --ip must say where the server takes calls");
            return [];
        }

        var host = ip == Auto ? await ReadAutoAsync(options, etcd, cancellationToken).ConfigureAwait(false) : ReadHost(options, ip);
        if (host is null || name is null || transport is null)
        {
            return [];
        }

        var port = options.Text(Port);
        var text = $"sip:{Bracketed(host)}:{port ?? (transport == "tls" ? "5061" : "5060")}{(transport == "udp" ? string.Empty : ";transport=" + transport)}";
        if (SipUri.TryParse(text, out var uri, out var error))
        {
            return [new AnnouncedServer(name, uri, uri)];
        }

        options.Add(port is null ? Ip : Port, error);
        return [];
    }

    private static async Task<string?> ReadAutoAsync(OptionReader options, EtcdEndpoints? etcd, CancellationToken cancellationToken)
    {
        if (etcd is null)
        {
            return null;
        }

        var address = await LocalAddress.TowardsAsync([.. etcd.Each().Select(static endpoint => new Uri(endpoint.ToString()))], cancellationToken).ConfigureAwait(false);
        if (options.Text(Advertise) is null)
        {
            AddressChecks.CheckAutomatic(options, Ip, address, etcd);
        }

        return address.ToString();
    }

    private static string? ReadHost(OptionReader options, string ip)
    {
        if (IPAddress.TryParse(ip, out var address))
        {
            // A SIP URI has no place for its interface.
            return address.IsIPv6LinkLocal ? new IPAddress(address.GetAddressBytes()).ToString() : ip;
        }

        if (LocalAddress.OfInterface(ip) is not { } addresses)
        {
            options.Add(Ip, $"'{SafeText.Shorten(ip)}' is neither an IPv4 or IPv6 address, nor auto, nor an interface of this machine ({string.Join(", ", LocalAddress.Interfaces())})");
            return null;
        }

        // An interface with one IPv4 address and others of IPv6 means the former.
        var ipv4 = addresses.Count(static address => address.AddressFamily == AddressFamily.InterNetwork);
        if (ipv4 == 1 || addresses.Count == 1)
        {
            return addresses[0].ToString();
        }

        options.Add(Ip, addresses.Count == 0
            ? $"the interface '{ip}' has no address that others can reach"
            : $"the interface '{ip}' has several addresses, name one of them: {string.Join(", ", addresses)}");
        return null;
    }

    private static List<AnnouncedServer> Advertised(OptionReader options, List<AnnouncedServer> servers, string advertised)
    {
        // A bare IPv6 address has colons, but no port.
        var text = IPAddress.TryParse(advertised, out var address) && advertised.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : advertised;
        var hasPort = text.LastIndexOf(':') > text.LastIndexOf(']');
        if (!SipUri.TryParse("sip:" + text, out var outside, out var error) || text.Contains(';', StringComparison.Ordinal))
        {
            options.Add(Advertise, $"'{SafeText.Shorten(advertised)}' is not an address, with or without a port{(error is null ? string.Empty : $": {error}")}");
            return [];
        }

        if (hasPort && servers.Count > 1)
        {
            options.Add(Advertise, "one port cannot lead to several servers; give the address alone, or an announcer for each");
            return [];
        }

        return [.. servers.Select(server => server with { Announced = Moved(server.Local, Bracketed(outside.Host), hasPort ? outside.Port : server.Local.Port) })];
    }

    /// <summary>The same scheme and transport at another address.</summary>
    private static SipUri Moved(SipUri uri, string host, int port)
    {
        var scheme = uri.Text[..(uri.Text.IndexOf(':', StringComparison.Ordinal) + 1)];
        var parameters = uri.Text.IndexOf(';', StringComparison.Ordinal) is var semicolon and >= 0 ? uri.Text[semicolon..] : string.Empty;
        return SipUri.Parse(string.Create(CultureInfo.InvariantCulture, $"{scheme}{host}:{port}{parameters}"));
    }

    private static string Bracketed(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;

    private static bool ParseTransport(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error)
    {
        value = text is "udp" or "tcp" or "tls" ? text : null;
        error = value is null ? $"'{SafeText.Shorten(text)}' is not udp, tcp or tls" : null;
        return error is null;
    }
}

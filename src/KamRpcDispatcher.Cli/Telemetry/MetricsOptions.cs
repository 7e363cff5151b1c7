using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Telemetry;

/// <summary>Where a daemon tells metrics and health, and whom.</summary>
/// <param name="Address">Where it listens; null for nowhere.</param>
/// <param name="Allowed">The networks that may ask, beside this machine.</param>
/// <param name="Token">What whoever asks has to show; null for nothing.</param>
/// <param name="Collector">Where metrics are sent to by OTLP; null for nowhere.</param>
internal sealed record MetricsExposure(IPEndPoint? Address, IReadOnlyList<IPNetwork> Allowed, BearerToken? Token, Uri? Collector);

/// <summary>An address to listen on, or none.</summary>
internal sealed record ListenAddress(IPEndPoint? EndPoint);

/// <summary>The options of metrics and health over HTTP, of both daemons.</summary>
internal static class MetricsOptions
{
    /// <summary>Where <c>kamrpc dispatch</c> tells them.</summary>
    public const string DispatcherDefault = "127.0.0.1:9499";

    /// <summary>Where <c>kamrpc page</c> shows the page.</summary>
    public const string PageDefault = "127.0.0.1:9497";

    private const string None = "none";
    private const int DefaultOtlpPort = 4318;
    private const string OtlpPath = "/v1/metrics";

    private static readonly ValueOption<ListenAddress> OfDispatcher = Metrics(DispatcherDefault);
    private static readonly ValueOption<ListenAddress> OfAnnouncer = Metrics(None);
    private static readonly ValueOption<ListenAddress> OfPage =
        new("--listen", "Where the page is: an IP address with a port.", PageDefault, ParseListen, OptionGroup.Subject, PageDefault);
    private static readonly Option<string[]> Allow = CommonOptions.Texts("--metrics-allow", "A network that may ask there, beside this machine, such as 10.0.0.0/8 (repeatable).");
    private static readonly Option<string?> TokenFile = CommonOptions.FileName("--metrics-token-file", "A file with the token that whoever asks there has to show (Bearer), mode 600.");
    private static readonly Option<string?> Otlp = CommonOptions.Text("--otlp", "Where metrics are sent to each minute, by OTLP over HTTP: http://collector:4318.");

    public static void AddTo(Command command, bool isDispatcher) => CommonOptions.Add(command, isDispatcher ? OfDispatcher : OfAnnouncer, Allow, TokenFile, Otlp);

    public static void AddToPage(Command command) => CommonOptions.Add(command, OfPage, Allow, TokenFile);

    /// <summary>What is given; nobody uses it where an option is wrong.</summary>
    public static MetricsExposure Read(OptionReader options, bool isDispatcher) =>
        Read(options, isDispatcher ? OfDispatcher : OfAnnouncer) with { Collector = options.Value<Uri>(Otlp, null, Collector) };

    /// <summary>The same of <c>kamrpc page</c>, which always listens.</summary>
    public static MetricsExposure ReadPage(OptionReader options) => Read(options, OfPage);

    private static MetricsExposure Read(OptionReader options, ValueOption<ListenAddress> metrics)
    {
        var address = options.Value(metrics)?.EndPoint;
        var allowed = ReadNetworks(options);
        var token = ReadToken(options);
        if (address is not null && !IPAddress.IsLoopback(address.Address) && allowed.Count == 0 && options.Text(TokenFile) is null)
        {
            options.Add(metrics, $"{address} is reached from other machines, so say who may ask: {Allow.Name} with networks, or {TokenFile.Name} with a token that they show; or listen on 127.0.0.1");
        }

        if (address is null && options.Text(metrics) is not null && !options.IsVariable(metrics) && (allowed.Count > 0 || token is not null))
        {
            options.Add(metrics, $"is {None}, and {(allowed.Count > 0 ? Allow.Name : TokenFile.Name)} goes with an address");
        }

        return new MetricsExposure(address, allowed, token, Collector: null);
    }

    internal static bool Parse(string text, [NotNullWhen(true)] out ListenAddress? value, [NotNullWhen(false)] out string? error)
    {
        // A bare address is taken for one with port 0.
        var hasPort = text.LastIndexOf(':') is var colon and > 0 && colon < text.Length - 1 && colon > text.IndexOf(']', StringComparison.Ordinal) && !(text.Count(static c => c == ':') > 1 && !text.StartsWith('['));
        value = text == None ? new ListenAddress(null) : hasPort && IPEndPoint.TryParse(text, out var endPoint) ? new ListenAddress(endPoint) : null;
        error = value is null ? $"'{SafeText.Shorten(text)}' is not an IP address with a port, such as 127.0.0.1:9499 or [::1]:9499, nor {None}" : null;
        return error is null;
    }

    /// <summary>An address, and nothing else.</summary>
    internal static bool ParseListen(string text, [NotNullWhen(true)] out ListenAddress? value, [NotNullWhen(false)] out string? error)
    {
        if (Parse(text, out value, out error) && value.EndPoint is not null)
        {
            return true;
        }

        (value, error) = (null, $"'{SafeText.Shorten(text)}' is not an IP address with a port, such as {PageDefault} or [::1]:9497");
        return false;
    }

    internal static bool Collector(string text, [NotNullWhen(true)] out Uri? value, [NotNullWhen(false)] out string? error)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out value) || value.Scheme is not ("http" or "https") || value.Host.Length == 0 || value.UserInfo.Length > 0 || value.Query.Length + value.Fragment.Length > 0)
        {
            error = $"'{SafeText.Shorten(text)}' is not an address such as http://collector:{DefaultOtlpPort}, without a user, ? and #";
            return false;
        }

        // Without a path it is the protocol's own; 80 and 443 are what a URI without a port means, and are what was said.
        value = value.AbsolutePath == "/" ? new Uri(value, OtlpPath) : value;
        error = null;
        return true;
    }

    private static ValueOption<ListenAddress> Metrics(string defaultText) =>
        new("--metrics", "Where metrics and health are told over HTTP: an IP address with a port, or none.", defaultText, Parse, OptionGroup.Rest, DispatcherDefault, None);

    private static List<IPNetwork> ReadNetworks(OptionReader options)
    {
        var networks = new List<IPNetwork>();
        foreach (var text in options.Texts(Allow).SelectMany(static texts => texts.Split(',')))
        {
            if (IPNetwork.TryParse(text, out var network))
            {
                networks.Add(network);
            }
            else if (IPAddress.TryParse(text, out var one))
            {
                networks.Add(new IPNetwork(one, one.GetAddressBytes().Length * 8));
            }
            else
            {
                options.Add(Allow, $"'{SafeText.Shorten(text)}' is not a network such as 10.0.0.0/8, nor an IP address");
            }
        }

        return networks;
    }

    private static BearerToken? ReadToken(OptionReader options)
    {
        if (options.Value<string>(TokenFile, null, CommonOptions.ExistingFile) is not { } file)
        {
            return null;
        }

        if (!BearerToken.TryRead(file, out var token, out var error))
        {
            options.Add(TokenFile, error);
            return null;
        }

        CommonOptions.WarnIfPublic(TokenFile, file);
        return token;
    }
}

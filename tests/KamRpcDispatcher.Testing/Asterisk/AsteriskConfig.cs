namespace KamRpcDispatcher.Testing;

/// <summary>
/// The files of <see cref="AsteriskServer"/>: no more than it takes to answer calls and OPTIONS and to be asked over AMI, so that it
/// starts in less than a second. Files that stand here for an empty or a default one keep Asterisk from complaining.
/// </summary>
internal static class AsteriskConfig
{
    public const string AmiUser = "kamrpc";
    public const string AmiSecret = "one-secret-of-a-test";

    private static readonly string[] Modules =
    [
        "res_pjproject", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_timing_timerfd", "res_rtp_asterisk",
        "res_pjsip", "res_pjsip_session", "res_pjsip_pubsub", "res_pjsip_sdp_rtp", "res_pjsip_endpoint_identifier_ip",
        // Without it whom Asterisk does not know gets 500 in place of the 401 that every other Asterisk answers.
        "res_pjsip_authenticator_digest",
        "chan_pjsip", "pbx_config", "codec_alaw", "bridge_simple", "app_dial",
    ];

    /// <returns>The path of asterisk.conf.</returns>
    public static string WriteTo(TemporaryFolder folder, AsteriskPorts ports)
    {
        foreach (var directory in (string[])["etc", "lib", "db", "spool", "run", "log"])
        {
            Directory.CreateDirectory(folder.File(directory));
        }

        foreach (var (name, text) in Files(folder, ports))
        {
            File.WriteAllText(folder.File($"etc/{name}.conf"), text);
        }

        return folder.File("etc/asterisk.conf");
    }

    private static IEnumerable<(string Name, string Text)> Files(TemporaryFolder folder, AsteriskPorts ports) =>
    [
        ("asterisk", Main(folder)),
        ("modules", "[modules]\nautoload = no\n" + string.Concat(Modules.Select(static module => $"load = {module}.so\n"))),
        ("pjsip", Sip(folder, ports)),
        ("extensions", Extensions),
        ("manager", Manager(ports)),
        ("logger", "[general]\n[logfiles]\nconsole = notice,warning,error\n"),
        // Below the ports that tests choose. Servers that run at once share it: a port that is taken is passed over.
        ("rtp", "[general]\nrtpstart = 10000\nrtpend = 19999\n"),
        ("stasis", "[threadpool]\n"),
        ("cdr", "[general]\nenable = no\n"),
        ("cel", "[general]\nenable = no\n"),
        .. ((string[])["ccss", "features", "acl", "udptl", "pjproject", "indications"]).Select(static name => (name, "[general]\n")),
    ];

    private static string Main(TemporaryFolder folder) => $"""
        [directories]
        astetcdir => {folder.File("etc")}
        astcachedir => {folder.File("lib")}
        astvarlibdir => {folder.File("lib")}
        astkeydir => {folder.File("lib")}
        astagidir => {folder.File("lib")}
        astdbdir => {folder.File("db")}
        astspooldir => {folder.File("spool")}
        astrundir => {folder.File("run")}
        astlogdir => {folder.File("log")}
        [options]
        nocolor = yes
        timestamp = yes
        """;

    private static string Sip(TemporaryFolder folder, AsteriskPorts ports) => $"""
        [udp]
        type = transport
        protocol = udp
        bind = 127.0.0.1:{ports.Udp}

        [tcp]
        type = transport
        protocol = tcp
        bind = 127.0.0.1:{ports.Tcp}

        [tls]
        type = transport
        protocol = tls
        method = tlsv1_2
        bind = 127.0.0.1:{ports.Tls}
        cert_file = {folder.File("cert.pem")}
        priv_key_file = {folder.File("key.pem")}

        [proxy]
        type = endpoint
        context = calls
        disallow = all
        allow = alaw
        direct_media = no
        media_address = 127.0.0.1
        bind_rtp_to_media_address = yes

        [proxy]
        type = identify
        endpoint = proxy
        match = 127.0.0.1/32
        """;

    /// <summary>OPTIONS to what no line here matches get 404, to no user at all 200.</summary>
    private const string Extensions = """
        [calls]
        exten => ringing,1,Ringing()
         same => n,Wait(3600)
        exten => _[a-z0-9]!,1,Answer()
         same => n,Wait(3600)
        """;

    /// <summary>Reading "system" is for the events FullyBooted and Shutdown, writing "reporting" for CoreStatus and CoreShowChannels.</summary>
    private static string Manager(AsteriskPorts ports) => $"""
        [general]
        enabled = yes
        bindaddr = 127.0.0.1
        port = {ports.Ami}

        [{AmiUser}]
        secret = {AmiSecret}
        deny = 0.0.0.0/0.0.0.0
        permit = 127.0.0.1/255.255.255.255
        read = system
        write = reporting
        """;
}

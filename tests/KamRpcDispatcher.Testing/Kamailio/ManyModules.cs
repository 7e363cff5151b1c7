using System.Globalization;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// A Kamailio as operators have it: some forty processes of many modules, most with their defaults. Of modules that Debian's releases do
/// not all have those are loaded that the release has.
/// </summary>
public static class ManyModules
{
    /// <summary>What the release has to have: a test without them would not show what it is for.</summary>
    private const string Needed = """
        loadmodule "cfgutils.so"
        loadmodule "ctl.so"
        loadmodule "xhttp.so"
        loadmodule "tls.so"
        loadmodule "websocket.so"
        loadmodule "usrloc.so"
        loadmodule "registrar.so"
        loadmodule "nathelper.so"
        loadmodule "nat_traversal.so"
        loadmodule "dialog.so"
        #!ifndef MOD_htable
        loadmodule "htable.so"
        #!endif
        loadmodule "rtimer.so"
        loadmodule "evapi.so"
        loadmodule "async.so"
        loadmodule "db_text.so"
        loadmodule "db_sqlite.so"
        loadmodule "sqlops.so"
        loadmodule "topos.so"
        loadmodule "dmq.so"
        loadmodule "dmq_usrloc.so"
        loadmodule "siptrace.so"
        loadmodule "sipdump.so"
        loadmodule "uac.so"
        loadmodule "keepalive.so"
        loadmodule "pike.so"
        loadmodule "mqueue.so"
        loadmodule "msrp.so"
        loadmodule "evrexec.so"
        loadmodule "timer.so"
        loadmodule "http_client.so"
        loadmodule "statsd.so"
        loadmodule "xhttp_prom.so"
        loadmodule "tcpops.so"

        """;

    /// <param name="folder">For what they write.</param>
    /// <param name="globals">More globals, such as <c>tcp_poll_method=poll</c>.</param>
    public static async Task<KamailioOptions> InAsync(TemporaryFolder folder, string globals = "")
    {
        await TestCertificate.MakeAsync(folder).ConfigureAwait(false);
        Directory.CreateDirectory(folder.File("db"));
        await File.WriteAllTextAsync(folder.File("db/version"), "table_name(string) table_version(int)\ntopos_d:2\ntopos_t:2\n").ConfigureAwait(false);
        var sip = RealServers.FreePort();
        return new KamailioOptions
        {
            ExtraConfig = string.Create(CultureInfo.InvariantCulture, $"""
                #!define KAMRPC_LISTEN_TCP tcp:127.0.0.1:{sip}
                #!define KAMRPC_TRANSPORT 6
                {globals}
                tcp_children=2
                async_workers=2
                enable_tls=yes
                listen=tls:127.0.0.1:{RealServers.FreePort()}

                """),
            FinalConfig = Needed + Newer() + Parameters(folder, sip) + Routes,
        };
    }

    /// <summary>6.0 packaged it with the others.</summary>
    private static string Newer() => KamailioServer.Release >= new Version(6, 0)
        ? """
          loadmodule "http_async_client.so"
          modparam("http_async_client", "workers", 2)

          """
        : "";

    private static string Parameters(TemporaryFolder folder, int sip) => string.Create(CultureInfo.InvariantCulture, $"""
        modparam("tls", "tls_method", "TLSv1.2+")
        modparam("tls", "certificate", "{folder.File("cert.pem")}")
        modparam("tls", "private_key", "{folder.File("key.pem")}")
        modparam("ctl", "binrpc", "unixs:{folder.File("ctl")}")
        modparam("usrloc", "nat_bflag", 6)
        modparam("usrloc", "timer_procs", 2)
        modparam("nathelper", "natping_interval", 30)
        modparam("nathelper", "natping_processes", 2)
        modparam("nathelper", "sipping_from", "sip:pinger@127.0.0.1")
        modparam("htable", "htable", "calls=>size=4;autoexpire=60;")
        modparam("htable", "timer_procs", 2)
        modparam("rtimer", "timer", "name=seconds;interval=1;mode=1;")
        modparam("rtimer", "timer", "name=tenths;interval=100000u;mode=1;")
        modparam("rtimer", "exec", "timer=seconds;route=TICK")
        modparam("rtimer", "exec", "timer=tenths;route=TICK")
        modparam("evapi", "workers", 2)
        modparam("evapi", "bind_addr", "127.0.0.1:{RealServers.FreePort()}")
        modparam("async", "workers", 1)
        modparam("async", "ms_timer", 10)
        modparam("sqlops", "sqlcon", "ca=>sqlite://{folder.File("ops.sqlite")}")
        modparam("topos", "db_url", "text://{folder.File("db")}")
        modparam("dmq", "server_address", "sip:127.0.0.1:{sip};transport=tcp")
        modparam("dmq", "notification_address", "sip:127.0.0.1:{sip};transport=tcp")
        modparam("dmq", "num_workers", 2)
        modparam("siptrace", "trace_to_database", 0)
        modparam("siptrace", "duplicate_uri", "sip:127.0.0.1:9")
        modparam("sipdump", "enable", 1)
        modparam("sipdump", "mode", 1)
        modparam("sipdump", "folder", "{folder.File("db")}")
        modparam("uac", "reg_db_url", "sqlite://{folder.File("ops.sqlite")}")
        modparam("uac", "reg_contact_addr", "127.0.0.1:{sip}")
        modparam("uac", "reg_timer_interval", 5)
        modparam("evrexec", "exec", "name=evrexec:loop;wait=1000;workers=1;")

        """);

    private const string Routes = """
        route[TICK] {
            return;
        }
        event_route[evapi:message-received] {
            return;
        }
        event_route[evrexec:loop] {
            while (1) {
                usleep("500000");
            }
        }
        event_route[xhttp:request] {
            xhttp_reply("200", "OK", "text/plain", "");
        }
        event_route[dialog:end] {
            xlog("L_DBG", "$ci has ended\n");
        }

        """;
}

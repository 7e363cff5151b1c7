using System.Diagnostics;
using System.Text.Json;
using KamailioRpc;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Rpc;

/// <summary>Users who are not Kamailio's, and may write to its socket.</summary>
public sealed class GroupAccessTests
{
    private const string Kamailio = "kamailio";

    /// <summary>Without a name, on any machine.</summary>
    private const string Nameless = "54321";

    [TestCase("660", true, "022", Kamailio)]
    [TestCase("660", true, "077", Kamailio)]
    [TestCase("666", false, "077", Kamailio)]
    [TestCase("660", true, "022", "users", Description = "a group that Kamailio is not in")]
    public async Task Who_is_in_the_group_of_Kamailios_socket_gets_replies(string socketMode, bool isInGroup, string umask, string socketGroup)
    {
        OtherUser.RequireRoot();
        RealServers.Require("kamailio", "setpriv");
        await IdAsync("-g");
        var group = await GroupAsync(socketGroup);
        await using var server = await KamailioServer.StartAsync(new KamailioOptions
        {
            User = Kamailio,
            FinalConfig = $"""
                modparam("jsonrpcs", "dgram_user", "{Kamailio}")
                modparam("jsonrpcs", "dgram_group", "{socketGroup}")
                modparam("jsonrpcs", "dgram_mode", 0{socketMode})
                """,
        });
        using var common = new TemporaryFolder();
        File.SetUnixFileMode(common.Path, (UnixFileMode)Convert.ToInt32("1777", 8));

        var findings = await DoctorAsync(server.RpcAddress, common.Path, umask, isInGroup ? ["--groups", group] : ["--clear-groups"]);

        Assert.That(findings["kamailio.reachable"], Does.StartWith("ok "));
        Assert.That(findings["kamailio.reply-directory"], Does.StartWith($"ok {common.File("kamrpc-" + Nameless)} ").And.Contain("0711").And.EndsWith("replies come"));
    }

    /// <summary>Its sockets are root's then, and it is not.</summary>
    [TestCase("jsonrpc+unix")]
    [TestCase("jsonrpc+fifo")]
    public async Task A_Kamailio_that_was_started_as_root_with_another_user_answers_root(string scheme)
    {
        OtherUser.RequireRoot();
        RealServers.Require("kamailio");
        await IdAsync("-u");
        await using var server = await KamailioServer.StartAsync(new KamailioOptions { User = Kamailio });
        using var common = new TemporaryFolder();
        File.SetUnixFileMode(common.Path, (UnixFileMode)Convert.ToInt32("711", 8));
        await using var client = new RpcClient(KamailioAddress.Parse(scheme == "jsonrpc+fifo" ? $"{scheme}:{server.FifoPath}" : server.RpcAddress), new RpcClientOptions { ReplyDirectory = common.File("replies"), Timeout = Fleet.Deadline });

        Assert.That((await client.InvokeAsync("core.version", [], CancellationToken.None)).ToText(), Does.StartWith("kamailio "));
    }

    private static async Task<Dictionary<string, string>> DoctorAsync(string address, string temporary, string umask, string[] groups)
    {
        string[] doctor = [.. KamrpcProgram.Command, "doctor", "--kamailio", address, "--etcd", "http://127.0.0.1:1", "-o", "json"];
        var start = new ProcessStartInfo("setpriv", ["--reuid", Nameless, "--regid", Nameless, .. groups, "sh", "-c", $"umask {umask}; exec \"$@\"", "sh", .. doctor])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = temporary;
        start.Environment["HOME"] = "/nonexistent";
        start.Environment.Remove("XDG_RUNTIME_DIR");
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        var output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
        if (output.Length == 0)
        {
            Assert.Ignore($"another user cannot run kamrpc from here: {await errors}");
        }

        return JsonElement.Parse(output).GetProperty("findings").EnumerateArray()
            .GroupBy(static finding => finding.GetProperty("check").GetString()!)
            .ToDictionary(static check => check.Key, static check => $"{check.First().GetProperty("severity")} {check.First().GetProperty("text")}");
    }

    private static async Task<string> GroupAsync(string name)
    {
        var line = (await File.ReadAllLinesAsync("/etc/group")).FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        if (line is null)
        {
            Assert.Ignore($"there is no group {name}, which Debian has");
        }

        return line.Split(':')[2];
    }

    private static async Task<string> IdAsync(string option)
    {
        using var process = Process.Start(new ProcessStartInfo("id", [option, Kamailio]) { RedirectStandardOutput = true })!;
        var number = (await process.StandardOutput.ReadToEndAsync()).Trim();
        if (number.Length == 0)
        {
            Assert.Ignore("there is no user kamailio, which Debian's package makes");
        }

        return number;
    }
}

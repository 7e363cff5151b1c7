using System.Text.Json;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents.Platforms;

/// <summary>samples/ansible.</summary>
internal sealed class AnsibleSampleTests
{
    private static readonly string Folder = SampleSite.PathOf("ansible");

    [TestCase("proxies", "dispatch")]
    [TestCase("servers", "announce")]
    public async Task Every_option_of_a_group_is_one_of_its_command(string group, string command)
    {
        var variables = (await SampleSite.ReadAsync($"ansible/group_vars/{group}.yml")).Single();
        var known = new CommandLine().Root.Subcommands.Single(it => it.Name == command).Options.Select(static option => option.Name).ToList();

        Assert.That(variables.TextAt("kamrpc_role"), Is.EqualTo(command));
        Assert.That(variables.GetProperty("kamrpc_options").EnumerateObject().Select(static option => "--" + option.Name), Is.SubsetOf(known).And.Member("--etcd"));
    }

    [Test]
    public async Task Every_variable_that_a_group_sets_is_the_roles()
    {
        var defaults = Names((await SampleSite.ReadAsync("ansible/roles/kamrpc/defaults/main.yml")).Single());

        foreach (var group in new[] { "proxies", "servers" })
        {
            Assert.That(Names((await SampleSite.ReadAsync($"ansible/group_vars/{group}.yml")).Single()), Is.SubsetOf(defaults), group);
        }

        static IEnumerable<string> Names(JsonElement variables) => variables.EnumerateObject().Select(static variable => variable.Name);
    }

    /// <summary>One after another: a restart of an announcer drains its server.</summary>
    [Test]
    public async Task A_play_has_one_host_at_a_time() =>
        Assert.That((await SampleSite.ReadAsync("ansible/site.yml")).Single().EnumerateArray().Select(static play => play.GetProperty("serial").GetInt32()), Is.EqualTo(new[] { 1, 1 }));

    [Test]
    [Category("Samples")]
    public async Task Run_against_a_folder_it_writes_what_both_kinds_of_hosts_need_and_the_second_time_nothing()
    {
        RealServers.Require("ansible-playbook");
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("program"));
        await File.WriteAllTextAsync(folder.File("program/kamrpc"), "#!/bin/sh\n");
        File.SetUnixFileMode(folder.File("program/kamrpc"), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        Assert.That(await PlayAsync("--syntax-check"), Does.Contain("playbook: "));
        Assert.That(await PlayAsync(), Does.Match(@"\nasterisk-1 +: ok=\d+ +changed=[1-9]").And.Match(@"\nedge-1 +: ok=\d+ +changed=[1-9]"));

        Assert.That(File.ReadAllLines(folder.File("root/etc/kamrpc/dispatch.env")), Has.Member("KAMRPC_ETCD=http://10.0.0.5:2379").And.Member("KAMRPC_REMOVAL_DELAY=30s"));
        Assert.That(File.ReadAllLines(folder.File("root/etc/kamrpc/announce.env")), Has.Member("KAMRPC_IP=auto").And.Member("KAMRPC_DRAIN_TIMEOUT=10m"));
        Assert.That(File.ReadAllText(folder.File("root/etc/kamrpc/ami-secret")), Is.EqualTo("change-me\n"));
        Assert.That(File.GetUnixFileMode(folder.File("root/etc/kamrpc/ami-secret")), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(File.GetUnixFileMode(folder.File("root/opt/kamrpc/kamrpc")) & UnixFileMode.UserExecute, Is.Not.Zero);
        Assert.That(new FileInfo(folder.File("root/usr/local/bin/kamrpc")).LinkTarget, Is.EqualTo("/opt/kamrpc/kamrpc"));
        foreach (var unit in new[] { "kamrpc-announce.service", "kamrpc-dispatch.service" })
        {
            Assert.That(File.ReadAllText(folder.File("root/etc/systemd/system/" + unit)), Is.EqualTo(File.ReadAllText(SampleSite.PathOf("systemd/" + unit))));
        }

        Assert.That(await PlayAsync(), Does.Match(@"\nasterisk-1 +: ok=\d+ +changed=0 ").And.Match(@"\nedge-1 +: ok=\d+ +changed=0 "));

        Task<string> PlayAsync(params string[] options) => Tool.RunAsync(
            "ansible-playbook",
            [
                "--inventory", Path.Combine(Folder, "inventory.ini"), Path.Combine(Folder, "site.yml"), "--limit", "edge-1,asterisk-1", "--connection", "local", "--extra-vars", $"kamrpc_root={folder.File("root")}",
                "--extra-vars", $"kamrpc_program={folder.File("program")}", "--extra-vars", "ansible_become=false", .. options,
            ],
            string.Empty,
            ("ANSIBLE_NOCOLOR", "1"), ("ANSIBLE_LOCALHOST_WARNING", "false"), ("ANSIBLE_LOCAL_TEMP", folder.File("local")), ("ANSIBLE_REMOTE_TEMP", folder.File("remote")));
    }
}

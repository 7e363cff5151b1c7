using System.CommandLine;
using System.Diagnostics;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Cli.Completion;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>The completion as real shells use it.</summary>
public class CompletionTests
{
    private TemporaryFolder _folder = null!;
    private string _script = null!;

    [OneTimeSetUp]
    public async Task PrintAsync()
    {
        _folder = new TemporaryFolder();
        Directory.CreateDirectory(_folder.File("certs"));
        File.WriteAllText(_folder.File("ca file.pem"), string.Empty);
        var (exitCode, output, errors) = await Kamrpc.RunAsync("completion", "bash");
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        _script = _folder.File("kamrpc.bash");
        File.WriteAllText(_script, output);
        File.WriteAllText(_folder.File("_kamrpc"), ZshCompletion.Script(Root()));
    }

    [OneTimeTearDown]
    public void Forget() => _folder.Dispose();

    [TestCase("an", "announce")]
    [TestCase("--v", "--version")]
    [TestCase("status --outp", "--output")]
    [TestCase("dispatch --kamailio-r", "--kamailio-read")]
    [TestCase("status -o j", "json")]
    [TestCase("status --output=j", "json")]
    [TestCase("dispatch --grace ", "auto fixed none")]
    [TestCase("status --ignore set-w", "set-without-destination set-without-members")]
    [TestCase("doctor --ignore kamailio.rou", "kamailio.routable")]
    [TestCase("dispatch --log-level=", "debug information warning error")]
    [TestCase("announce --transport t", "tcp tls")]
    [TestCase("completion ", "bash zsh --help")]
    [TestCase("dispatch --cluster ", "")]
    [TestCase("dispatch --cluster x --gr", "--grace")]
    [TestCase("status --etcd-ca ca", "ca file.pem")]
    [TestCase("dispatch --state-dir c", "certs")]
    [TestCase("dispatch --kamailio a", "auto")]
    [TestCase("bogus --", "")]
    public async Task Bash_completes(string line, string expected)
    {
        // As readline splits it.
        var words = ("kamrpc " + line).Replace("=", " = ", StringComparison.Ordinal).Split(' ');
        if (line.EndsWith('='))
        {
            words = words[..^1];
        }

        Assert.That(string.Join(' ', await CompleteAsync(words)), Is.EqualTo(expected));
    }

    [Test]
    public async Task Bash_knows_every_command_and_every_option()
    {
        var root = Root();
        Assert.That(await CompleteAsync("kamrpc", ""), Is.EquivalentTo(root.Subcommands.Select(static command => command.Name).Append("--help").Append("--version")));
        foreach (var command in root.Subcommands)
        {
            Assert.That(await CompleteAsync("kamrpc", command.Name, "--"), Is.EquivalentTo(command.Options.Select(static option => option.Name).Append("--help")), command.Name);
        }
    }

    [Test]
    public async Task Another_shell_is_a_usage_error()
    {
        Assert.That(await Kamrpc.RunAsync("completion", "fish"), Is.EqualTo((2, string.Empty, "kamrpc: 'fish' is not bash or zsh\nTry 'kamrpc completion --help'.\n")));
        Assert.That(await Kamrpc.RunAsync("completion"), Is.EqualTo((2, string.Empty, "kamrpc: completion needs SHELL, such as: source <(kamrpc completion bash)\nTry 'kamrpc completion --help'.\n")));
    }

    [Test]
    public void The_script_for_zsh_has_every_command_and_every_option()
    {
        var script = ZshCompletion.Script(Root());
        Assert.That(script, Does.StartWith("#compdef kamrpc\n"));
        foreach (var command in Root().Subcommands)
        {
            var part = script[script.IndexOf($"\n    {command.Name})\n", StringComparison.Ordinal)..];
            part = part[..part.IndexOf(";;", StringComparison.Ordinal)];
            foreach (var name in command.Options.SelectMany(CompletionModel.NamesOf))
            {
                Assert.That(part, Does.Contain(name), command.Name);
            }
        }
    }

    /// <summary>In a terminal of its own, since zsh completes only where somebody types.</summary>
    [TestCase("kamrpc ann", "announce")]
    [TestCase("kamrpc dispatch --kamailio-re", "--kamailio-read")]
    [TestCase("kamrpc status -o js", "json")]
    [TestCase("kamrpc status --output=js", "--output=json")]
    [TestCase("kamrpc dispatch --grace fi", "fixed")]
    [TestCase("kamrpc dispatch --kamailio jso", "jsonrpc+unix:/run/kamailio/kamailio_rpc.sock")]
    [TestCase("kamrpc completion zs", "zsh")]
    [TestCase("kamrpc status --etcd-ca ca", "ca\\ file.pem")]
    public async Task Zsh_completes_where_it_is_installed(string line, string expected)
    {
        if (!File.Exists("/usr/bin/zsh") && !File.Exists("/bin/zsh"))
        {
            Assert.Ignore("zsh is not installed: the script for it was compared with the options only");
        }

        var script = $$"""
            zmodload zsh/zpty
            zpty shell 'zsh -f -i'
            zpty -w shell 'PS1= ; autoload -U compinit && compinit -D -u; source {{_folder.File("_kamrpc")}}; cd {{_folder.Path}}; echo RE''ADY'
            zpty -r shell line '*READY*'
            zpty -n -w shell $'{{line}}\t'
            zpty -n -w shell $'\x01echo "<\x05>"\n'
            zpty -r shell line '*<*>*<*>*'
            print -r -- "$line"
            zpty -d shell
            """;
        var (_, output, errors) = await RunAsync("zsh", "-f", "-c", script);
        Assert.That(output, Does.Contain(expected), errors);
    }

    private async Task<string[]> CompleteAsync(params string[] words)
    {
        const string Complete = """
            cd "$1" && source "$2" && shift 2
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _kamrpc
            [ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
            """;
        var (exitCode, output, errors) = await RunAsync("bash", ["--norc", "-uc", Complete, "bash", _folder.Path, _script, .. words]);
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await output, await errors);
    }

    private static RootCommand Root() => new CommandLine().Root;
}

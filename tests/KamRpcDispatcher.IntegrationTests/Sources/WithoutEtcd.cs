using System.Diagnostics;
using System.Globalization;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Sources;

/// <summary>A Kamailio with a dispatcher whose members are in a file, and no etcd anywhere.</summary>
internal sealed class WithoutEtcd : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<ServerProcess> _processes = [];

    private WithoutEtcd(KamailioServer kamailio) => Kamailio = kamailio;

    public KamailioServer Kamailio { get; }

    public ServerProcess Dispatcher { get; private set; } = null!;

    /// <summary>What the dispatcher is told to read.</summary>
    public string MemberFile => File("conf/members.json");

    private string ReplyDirectory => File("r");

    public static Task<WithoutEtcd> StartAsync(Action<WithoutEtcd>? prepare = null, params string[] options) => StartAsync(KamailioOptions.WithLatePings, prepare, _ => options);

    /// <param name="kamailio">How Kamailio is configured.</param>
    /// <param name="prepare">Done before the dispatcher is started.</param>
    /// <param name="options">Of the dispatcher.</param>
    public static async Task<WithoutEtcd> StartAsync(KamailioOptions kamailio, Action<WithoutEtcd>? prepare, Func<WithoutEtcd, string[]> options)
    {
        RealServers.Require("kamailio");
        var all = new WithoutEtcd(await KamailioServer.StartAsync(kamailio));
        return await ServerLife.StartOrDisposeAsync(all, started =>
        {
            Directory.CreateDirectory(started.File("conf"));
            prepare?.Invoke(started);
            started.StartDispatcher(options(started));
            return Task.CompletedTask;
        });
    }

    public string File(string name) => _folder.File(name);

    public void StartDispatcher(params string[] options)
    {
        string[] command =
        [
            .. KamrpcProgram.Command, "dispatch", .. options.Contains("--source") ? [] : (string[])["--source", $"file:{MemberFile}"], "--kamailio", Kamailio.RpcAddress, "--proxy", "p1",
            "--reply-dir", ReplyDirectory, "--state-dir", File("state"), "--metrics", "none", "--removal-delay", "0s", .. options,
        ];
        Dispatcher = ServerProcess.Start(command[0], command[1..]);
        _processes.Add(Dispatcher);
    }

    /// <summary>Members of set 1: at the port 7000 plus their number.</summary>
    public static string Text(params int[] members) =>
        $$"""{"members":[{{string.Join(",\n", members.Select(static number => $$"""{"set":1,"name":"m{{number}}","uri":"{{Uri(number)}}"}"""))}}]}""";

    public static string Uri(int member) => string.Create(CultureInfo.InvariantCulture, $"sip:127.0.0.1:{7000 + member}");

    /// <summary>Writes the file as an editor does: another one that is renamed onto it.</summary>
    public void Replace(string text)
    {
        System.IO.File.WriteAllText(MemberFile + ".new", text);
        System.IO.File.Move(MemberFile + ".new", MemberFile, overwrite: true);
    }

    /// <summary>Waits until exactly these get calls in set 1; answers how long that took.</summary>
    public async Task<TimeSpan> WaitForCallsAsync(params int[] members)
    {
        var begun = Stopwatch.GetTimestamp();
        string[] wanted = [.. members.Select(Uri).Order(StringComparer.Ordinal)];
        while (true)
        {
            var got = await CalledAsync();
            if (got.SequenceEqual(wanted))
            {
                return Stopwatch.GetElapsedTime(begun);
            }

            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), $"{string.Join(' ', got)} get calls, not {string.Join(' ', wanted)}:\n{Dispatcher.Output}");
        }
    }

    /// <summary>Who gets calls in set 1 now, as the file spells them: who has another name at his address has another spelling in the list.</summary>
    public async Task<string[]> CalledAsync() =>
        [.. (await Kamailio.ListAsync()).Where(static entry => entry is { Set: 1, Flags: ['A', ..] }).Select(static entry => Spelling.First(entry.Uri)).Order(StringComparer.Ordinal)];

    /// <summary>Asks the dispatcher by a command.</summary>
    public Task<(int ExitCode, string Output, string Errors)> AskAsync(params string[] arguments) => Kamrpc.RunAsync([.. arguments, "--reply-dir", ReplyDirectory]);

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        await Kamailio.DisposeAsync();
        _folder.Dispose();
    }
}

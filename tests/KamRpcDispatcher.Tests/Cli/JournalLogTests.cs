using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using KamRpcDispatcher.Cli.Host.Logging;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>Events as entries of systemd's journal, over a socket that stands for its own.</summary>
public class JournalLogTests
{
    private static readonly Action<ILogger, int, string, Exception?> Drained =
        LoggerMessage.Define<int, string>(LogLevel.Warning, new EventId(3030, "Drained"), "Set {Set} is drained by {DrainedBy}");

    private TemporaryFolder _folder = null!;
    private string _path = null!;

    [SetUp]
    public void SetUp()
    {
        _folder = new TemporaryFolder();
        _path = _folder.File("journal");
    }

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [Test]
    public void An_event_is_an_entry_with_its_values()
    {
        using var journal = Listen();
        using var lines = new Lines();
        using var log = new JournalLog(new JournalSocket(_path), lines);

        Drained(log.CreateLogger("KamRpcDispatcher.X"), 7, "ops\nMESSAGE=no", null);

        Assert.That(Receive(journal), Is.EqualTo(new Dictionary<string, string>
        {
            ["MESSAGE"] = "KamRpcDispatcher.X[3030] Set 7 is drained by ops\nMESSAGE=no",
            ["PRIORITY"] = "4",
            ["SYSLOG_IDENTIFIER"] = "kamrpc",
            ["KAMRPC_EVENT"] = "3030",
            ["KAMRPC_EVENT_NAME"] = "Drained",
            ["KAMRPC_CATEGORY"] = "KamRpcDispatcher.X",
            ["KAMRPC_SET"] = "7",
            ["KAMRPC_DRAINED_BY"] = @"ops\u000aMESSAGE=no",
        }));
        Assert.That(lines.Written, Is.Empty);
    }

    [Test]
    public void A_stack_is_in_the_message()
    {
        using var journal = Listen();
        using var log = new JournalLog(new JournalSocket(_path), new Lines());

        Drained(log.CreateLogger("x"), 7, "ops", new InvalidOperationException("unexpected"));

        Assert.That(Receive(journal)["MESSAGE"], Does.StartWith("x[3030] Set 7").And.Contains("InvalidOperationException: unexpected"));
    }

    [Test]
    public void What_nobody_takes_is_a_line()
    {
        using var lines = new Lines();
        using var log = new JournalLog(new JournalSocket(_path), lines);

        Drained(log.CreateLogger("x"), 7, "ops", null);

        Assert.That(lines.Written, Is.EqualTo(new[] { "Set 7 is drained by ops" }));
    }

    /// <summary>The journal starts again: its socket is another one.</summary>
    [Test]
    public void A_journal_that_is_back_is_told_again()
    {
        using var lines = new Lines();
        using var log = new JournalLog(new JournalSocket(_path), lines);
        var logger = log.CreateLogger("x");
        using (Listen())
        {
            Drained(logger, 1, "ops", null);
        }

        File.Delete(_path);
        Drained(logger, 2, "ops", null);
        using var journal = Listen();
        Drained(logger, 3, "ops", null);

        Assert.That(Receive(journal)["KAMRPC_SET"], Is.EqualTo("3"));
        Assert.That(lines.Written, Is.EqualTo(new[] { "Set 2 is drained by ops" }));
    }

    /// <summary>It is stopped, or does not keep up: nobody waits for it.</summary>
    [Test, CancelAfter(20_000)]
    public void A_journal_that_does_not_read_stops_nobody()
    {
        using var journal = Listen();
        using var lines = new Lines();
        using var log = new JournalLog(new JournalSocket(_path), lines);
        var logger = log.CreateLogger("x");

        for (var i = 0; i < 2000; i++)
        {
            Drained(logger, i, new string('x', 1000), null);
        }

        Assert.That(lines.Written, Is.Not.Empty.And.Count.LessThan(2000));
    }

    [TestCase("Set", "KAMRPC_SET")]
    [TestCase("DrainedBy", "KAMRPC_DRAINED_BY")]
    [TestCase("URI", "KAMRPC_URI")]
    [TestCase("a-b", "KAMRPC_A_B")]
    public void A_value_has_a_name_that_the_journal_takes(string name, string field) => Assert.That(JournalLog.FieldName(name), Is.EqualTo(field));

    private static Dictionary<string, string> Receive(Socket journal)
    {
        Assert.That(journal.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead), "nothing came");
        var bytes = new byte[100_000];
        var entry = bytes.AsSpan(0, journal.Receive(bytes));
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        while (entry.Length > 0)
        {
            var name = entry.IndexOf((byte)'\n');
            var length = (int)BinaryPrimitives.ReadInt64LittleEndian(entry[(name + 1)..]);
            var value = entry.Slice(name + 1 + sizeof(long), length);
            fields.Add(Encoding.UTF8.GetString(entry[..name]), Encoding.UTF8.GetString(value));
            Assert.That(entry[name + 1 + sizeof(long) + length], Is.EqualTo((byte)'\n'));
            entry = entry[(name + 2 + sizeof(long) + length)..];
        }

        return fields;
    }

    private Socket Listen()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_path));
        return socket;
    }

    private sealed class Lines : ILoggerFactory, ILogger
    {
        public List<string> Written { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Written.Add(formatter(state, exception));
    }
}

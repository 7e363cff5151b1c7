using System.Text;
using KamRpcDispatcher.Asterisk.Ami;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Asterisk;

public sealed class AmiReaderTests
{
    [Test]
    public async Task Messages_end_with_a_blank_line_and_blank_lines_more_are_none()
    {
        var reader = Reader("Response: Error\r\nMessage: a: b\r\n\r\n\r\nEvent: X\nnothing\n\nEvent: cut");

        var (first, second, third) = (await reader.ReadMessageAsync(default), await reader.ReadMessageAsync(default), await reader.ReadMessageAsync(default));

        Assert.That((first!.IsError, first["message"], first.Event), Is.EqualTo((true, "a: b", (string?)null)));
        Assert.That((second!.IsResponse, second.Event), Is.EqualTo((false, "X")));
        Assert.That(third, Is.Null, "A message that was cut off is none");
    }

    [Test]
    public async Task Bytes_may_come_one_by_one()
    {
        var text = string.Concat(Enumerable.Range(0, 3000).Select(static number => $"Event: {number}\r\n\r\n"));
        var reader = new AmiReader(new Trickle(Encoding.ASCII.GetBytes(text)), TimeProvider.System);

        for (var number = 0; number < 3000; number++)
        {
            Assert.That((await reader.ReadMessageAsync(default))!.Event, Is.EqualTo($"{number}"));
        }

        Assert.That(await reader.ReadMessageAsync(default), Is.Null);
    }

    [Test]
    public async Task The_longest_line_is_read_and_one_byte_more_is_not()
    {
        var longest = "X: " + new string('x', AmiReader.MaxLine - 5) + "\r\n";

        Assert.That((await Reader(longest + "\r\n").ReadMessageAsync(default))!["X"], Has.Length.EqualTo(AmiReader.MaxLine - 5));
        Assert.That(async () => await Reader("X" + longest).ReadMessageAsync(default), Throws.InstanceOf<AmiProtocolException>());
    }

    [TestCase("a: b\r\n")]
    [TestCase("x\r\n")]
    [TestCase("a: 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\r\n")]
    public void A_message_without_an_end_is_given_up(string line) =>
        Assert.That(async () => await new AmiReader(new Endless(Encoding.ASCII.GetBytes(line)), TimeProvider.System).ReadMessageAsync(default), Throws.InstanceOf<AmiProtocolException>());

    [TestCase("Event: X\r\n\r\n")]
    [TestCase("\r\n")]
    public async Task Who_never_pauses_is_read_no_faster_than_a_core_notices(string what)
    {
        var time = new FakeTimeProvider();
        var peer = new Endless(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(what, 1024 / what.Length))));
        using var stop = new CancellationTokenSource();
        var reading = ReadAllAsync(new AmiReader(peer, time), stop.Token);

        // All of it before its first pause, since nothing else makes it wait.
        Assert.That(reading.IsCompleted, Is.False);
        Assert.That(peer.Given, Is.InRange(ByteBudget.Burst, ByteBudget.Burst + (2 * AmiReader.MaxLine)));

        for (var second = 1; second <= 10; second++)
        {
            for (var part = 0; part < 100; part++)
            {
                time.Advance(TimeSpan.FromMilliseconds(10));
            }
        }

        Assert.That(peer.Given, Is.LessThanOrEqualTo(ByteBudget.Burst + (10 * ByteBudget.PerSecond) + (2 * AmiReader.MaxLine)));
        await stop.CancelAsync();
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task ReadAllAsync(AmiReader reader, CancellationToken cancellationToken)
    {
        while (await reader.ReadMessageAsync(cancellationToken) is not null)
        {
            // The next one.
        }
    }

    private static AmiReader Reader(string text) => new(new MemoryStream(Encoding.ASCII.GetBytes(text)), TimeProvider.System);

    private sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..1], cancellationToken);
    }

    private sealed class Endless(byte[] line) : MemoryStream
    {
        public long Given { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var part = line.AsMemory(0, Math.Min(line.Length, buffer.Length));
            part.CopyTo(buffer);
            cancellationToken.ThrowIfCancellationRequested();
            Given += part.Length;
            return ValueTask.FromResult(part.Length);
        }
    }
}

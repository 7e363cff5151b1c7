using System.Buffers;
using System.Text;
using CsCheck;
using KamailioRpc.Errors;
using KamailioRpc.Json;
using NUnit.Framework;

namespace KamailioRpc.Tests.Json;

public class JsonFramingTests
{
    private static readonly string[] Objects = ["""{"a":1}""", "{}", """{"a":"}{\"","b":[{"c":{}}]}""", """{"a\\\\":"\\\\\"{"}""", """ { "a" : "\u00e9 é" } """.Trim()];

    [Test]
    public void Objects_are_found_however_the_stream_is_cut() => Gen.Select(Gen.Int[0, Objects.Length - 1].Array[1, 5], Gen.Int[1, 7].Array[1, 40]).Sample(static (chosen, cuts) =>
    {
        var expected = chosen.Select(static index => Objects[index]).ToList();
        var stream = Encoding.UTF8.GetBytes(string.Join('\n', expected));
        var scanner = new JsonFraming();
        var found = new List<string>();
        var buffer = new List<byte>();
        var position = 0;
        for (var cut = 0; position < stream.Length; cut++)
        {
            var length = Math.Min(cuts[cut % cuts.Length], stream.Length - position);
            buffer.AddRange(stream.AsSpan(position, length));
            position += length;
            while (scanner.Find(new ReadOnlySequence<byte>([.. buffer])) is { } end)
            {
                var taken = (int)new ReadOnlySequence<byte>([.. buffer]).GetOffset(end);
                taken = taken == 0 ? end.GetInteger() : taken;
                found.Add(Encoding.UTF8.GetString([.. buffer[..taken]]).Trim());
                buffer.RemoveRange(0, taken);
            }
        }

        return found.SequenceEqual(expected);
    });

    [TestCase("}")]
    [TestCase("rubbish")]
    [TestCase("[]")]
    [TestCase("""{"a":}""")]
    [TestCase("  \"text\"")]
    public void What_is_not_JSON_is_said(string text) =>
        Assert.That(() => new JsonFraming().Find(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(text))), Throws.InstanceOf<KamailioMalformedReplyException>());
}

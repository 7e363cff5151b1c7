using System.Buffers;
using System.Text;
using KamailioRpc.Binrpc;
using KamailioRpc.Commands.Reading;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using KamailioRpc.Json;
using NUnit.Framework;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamailioRpc.Tests;

/// <summary>A million strings of bytes, random ones and mutated replies, into both decoders and the reader of the list.</summary>
public class DecoderFuzzTests
{
    private const int Count = 1_000_000;
    private const int MaxLength = 1 << 20;

    /// <summary>Of a decoder, with the exception that it throws: what no input of some hundred bytes may exceed.</summary>
    private const long MostAllocated = 256 * 1024;

    private static readonly byte[][] Replies =
    [
        HexBytes.Of("a113057f0d0efe4161626300"),
        HexBytes.Of("a1331902368183 2001f4 9114556e6b6e6f776e2053746174652056616c756500"),
        HexBytes.Of("a1130c7f0d0efe 2205dc 02 4200030d40 82fffffffffffffc18"),
        HexBytes.Of(
            "a117007b7f0d0efe 03 754e525345545300 1001 95085245434f52445300 03 4553455400 03 35494400 1001 95085441524745545300 03 5544455354 00 03 4555524900 91137369703a3132372e302e302e313a3530373100 65464c41475300 31415000"
            + "95095052494f5249545900 1007 65415454525300 03 55424f445900 21610000 83 83 83 83 83 83"),
        Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","result":"kamailio 5.6.3 (x86_64/linux) ","id":8}"""),
        Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","error":{"code":500,"message":"No Destination Sets"},"id":8}"""),
        Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","result":{"NRSETS":1,"RECORDS":[{"SET":{"ID":1,"TARGETS":[{"DEST":{"URI":"sip:127.0.0.1:5071","FLAGS":"AP","PRIORITY":7,"ATTRS":{"BODY":"duid=\u00e9;rweight=30","DUID":"a","RWEIGHT":30},"LATENCY":{"AVG":1.5,"MAX":3}}}]}}]},"id":8}"""),
        Encoding.Latin1.GetBytes("""{"jsonrpc":"2.0","result":{"RECORDS":[{"SET":{"ID":2,"TARGETS":[{"DEST":{"URI":"sip:ü@a","FLAGS":"AX","ATTRS":{"BODY":"\"ü\\\u00fc"}}}]}}]},"id":8}"""),
    ];

    [Test]
    public void No_input_makes_a_decoder_throw_something_else_allocate_without_bound_or_hang()
    {
        var seed = Environment.TickCount;
        TestContext.Out.WriteLine($"Seed {seed}");
        var malformed = 0;
        var deadline = Task.Delay(TimeSpan.FromMinutes(5));

        Parallel.For(0, Environment.ProcessorCount, worker =>
        {
            var random = new Random(seed + worker);
            for (var i = worker; i < Count; i += Environment.ProcessorCount)
            {
                Assert.That(deadline.IsCompleted, Is.False, "too slow: one of the decoders hangs, or nearly");
                var input = Next(random);
                var before = GC.GetAllocatedBytesForCurrentThread();
                Interlocked.Add(ref malformed, Decode(input, new JsonFraming(), new JsonRpcFormatter(Ids(8))) + Decode(input, new BinrpcFraming(MaxLength), new BinrpcFormatter(Ids(0x7f0d0efe))));
                var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                if (allocated > MostAllocated)
                {
                    Assert.Fail($"{allocated} bytes allocated for {HexBytes.ToHex(input)}");
                }
            }
        });

        // Of the mutated ones some must be replies still, or nothing behind the first check was tested.
        TestContext.Out.WriteLine($"{2 * Count} decoded, {malformed} of them malformed");
        Assert.That(malformed, Is.InRange(Count, (2 * Count) - (Count / 100)));
    }

    /// <summary>With a request that waits for the reply with this id.</summary>
    private static RequestIds Ids(uint id)
    {
        var ids = new RequestIds(id);
        ids.ToWire(new RequestId(0));
        return ids;
    }

    /// <returns>1 when it was malformed.</returns>
    private static int Decode(byte[] input, IFraming framing, IJsonRpcMessageFormatter formatter)
    {
        try
        {
            var sequence = new ReadOnlySequence<byte>(input);
            if (framing.Find(sequence) is { } end)
            {
                sequence = sequence.Slice(0, end);
            }

            if (formatter.Deserialize(sequence) is JsonRpcResult { Result: RpcResult result })
            {
                DispatcherListReader.Read(result);
            }

            return 0;
        }
        catch (KamailioMalformedReplyException)
        {
            return 1;
        }
        catch (Exception exception)
        {
            throw new AssertionException($"{exception.GetType().Name} ({exception.Message}) for {HexBytes.ToHex(input)}", exception);
        }
    }

    private static byte[] Next(Random random)
    {
        if (random.Next(4) == 0)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            return bytes;
        }

        List<byte> reply = [.. Replies[random.Next(Replies.Length)]];
        for (var mutation = random.Next(4); mutation >= 0 && reply.Count > 0; mutation--)
        {
            Mutate(reply, random);
        }

        return [.. reply];
    }

    private static void Mutate(List<byte> reply, Random random)
    {
        var position = random.Next(reply.Count);
        switch (random.Next(6))
        {
            case 0:
                reply[position] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                reply[position] = (byte)random.Next(256);
                break;
            case 2:
                reply.Insert(position, (byte)random.Next(256));
                break;
            case 3:
                reply.RemoveRange(position, Math.Min(reply.Count - position, 1 + random.Next(8)));
                break;
            case 4:
                reply.InsertRange(position, reply.GetRange(position, Math.Min(reply.Count - position, 1 + random.Next(40))));
                break;
            default:
                // One that means something to one of them.
                reply[position] = "{}[]\",:\\\u0003\u0004\u0083\u0084\u00b1\u00f1"u8[random.Next(12)];
                break;
        }
    }
}

using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using KamailioRpc.Binrpc;
using KamailioRpc.Connections;
using KamailioRpc.Json;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamRpcDispatcher.Benchmarks;

/// <summary>One <c>dispatcher.set_state</c>: its request written, its reply read.</summary>
[MemoryDiagnoser]
public class FormatterBenchmarks
{
    private static readonly JsonRpcRequest Request = new()
    {
        RequestId = new RequestId(0),
        Method = "dispatcher.set_state",
        ArgumentsList = ["d", 1, "sip:127.0.0.1:5071"],
    };

    private readonly ArrayBufferWriter<byte> _output = new(1024);
    private readonly RequestIds _ids = new(8);
    private readonly JsonRpcFormatter _json;
    private readonly BinrpcFormatter _binrpc;
    private readonly ReadOnlySequence<byte> _jsonReply = new(Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","result":"Ok. Dispatcher state updated.","id":8}"""));
    private readonly ReadOnlySequence<byte> _binrpcReply = new([0xa1, 0x13, 0x20, 0, 0, 0, 8, 0x91, 0x1e, .. "Ok. Dispatcher state updated.\0"u8]);

    public FormatterBenchmarks() => (_json, _binrpc) = (new JsonRpcFormatter(_ids), new BinrpcFormatter(_ids));

    [Benchmark]
    public int WriteJsonRpc() => Write(_json);

    [Benchmark]
    public int WriteBinrpc() => Write(_binrpc);

    [Benchmark]
    public object ReadJsonRpc() => Read(_json, _jsonReply);

    [Benchmark]
    public object ReadBinrpc() => Read(_binrpc, _binrpcReply);

    private int Write(IJsonRpcMessageFormatter formatter)
    {
        _output.ResetWrittenCount();
        formatter.Serialize(_output, Request);
        return _output.WrittenCount;
    }

    private JsonRpcMessage Read(IJsonRpcMessageFormatter formatter, ReadOnlySequence<byte> reply)
    {
        // A reply that nobody waits for would be passed over.
        _ids.ToWire(Request.RequestId);
        return formatter.Deserialize(reply);
    }
}

using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using KamailioRpc;
using KamailioRpc.Commands.Reading;
using KamailioRpc.Connections;
using KamailioRpc.Json;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamRpcDispatcher.Benchmarks;

/// <summary>The reply to <c>dispatcher.list</c> with 10,000 destinations, from its bytes to typed destinations. Goals: 20 ms, three times its size allocated.</summary>
[MemoryDiagnoser]
public class DispatcherListBenchmarks
{
    private const int Count = 10_000;
    private const int Sets = 100;

    private readonly RequestIds _ids = new(8);
    private readonly JsonRpcFormatter _formatter;
    private readonly byte[] _reply = Encoding.UTF8.GetBytes(Reply());

    public DispatcherListBenchmarks()
    {
        _formatter = new JsonRpcFormatter(_ids);
        Console.WriteLine($"The reply has {_reply.Length} bytes");
    }

    /// <summary>As out of a datagram or an HTTP answer.</summary>
    [Benchmark]
    public int Read()
    {
        _ids.ToWire(new RequestId(0));
        var reply = (JsonRpcResult)_formatter.Deserialize(new ReadOnlySequence<byte>(_reply));
        return DispatcherListReader.Read((RpcResult)reply.Result!).Count;
    }

    /// <summary>As out of a FIFO or a connection, whose end has to be found first.</summary>
    [Benchmark]
    public int FindAndRead()
    {
        _ = new JsonFraming().Find(new ReadOnlySequence<byte>(_reply)) ?? throw new InvalidOperationException("It has no end.");
        return Read();
    }

    private static string Reply()
    {
        var json = new StringBuilder($$"""{"jsonrpc":"2.0","result":{"NRSETS":{{Sets}},"RECORDS":[""");
        for (var set = 1; set <= Sets; set++)
        {
            json.Append($$"""{{(set > 1 ? "," : "")}}{"SET":{"ID":{{set}},"TARGETS":[""");
            json.AppendJoin(',', Enumerable.Range(0, Count / Sets).Select(number => Destination(set, number)));
            json.Append("]}}");
        }

        return json.Append("]},\"id\":8}").ToString();
    }

    private static string Destination(int set, int number) =>
        $$"""{"DEST":{"URI":"sip:10.{{set}}.{{number}}.17:5060","FLAGS":"AP","PRIORITY":{{(number * 167) + set}},"""
        + $$""" "ATTRS":{"BODY":"duid=asterisk-{{set}}-{{number}};kamrpc=default","DUID":"asterisk-{{set}}-{{number}}","MAXLOAD":0,"WEIGHT":0,"RWEIGHT":0,""".TrimStart()
        + """ "SOCKET":"","SOCKNAME":"","OBPROXY":""}}}""".TrimStart();
}

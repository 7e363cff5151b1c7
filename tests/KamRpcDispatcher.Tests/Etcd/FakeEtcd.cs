using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>Speaks to an <c>EtcdConnection</c> on a real socket as etcd does, with an <see cref="EtcdModel"/> behind it. What a test wants to go wrong goes wrong.</summary>
internal sealed class FakeEtcd : IAsyncDisposable
{
    private readonly WebApplication _server;
    private volatile TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FakeEtcd()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static options =>
        {
            // Whoever watches says nothing for long.
            options.Limits.MinRequestBodyDataRate = null;
            options.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2);
        });
        _server = builder.Build();
        _server.Run(AnswerAsync);
    }

    public EtcdModel Model { get; } = new();

    public string Endpoint => _server.Urls.Single();

    /// <summary>A connection to it.</summary>
    public EtcdConnection Connect() => new(EtcdEndpoints.TryParse(Endpoint, out var endpoints, out var error) ? endpoints : throw new InvalidOperationException(error), TimeProvider.System);

    /// <summary>Done before a call is carried out; what it throws is the answer. Its token is cancelled when nobody waits any more.</summary>
    public Func<IMessage, CancellationToken, Task> Before { get; set; } = static (_, _) => Task.CompletedTask;

    /// <summary>Has each transaction told before it is carried out.</summary>
    public void OnTransaction(Action<TxnRequest> seen) => Before = (request, _) =>
    {
        if (request is TxnRequest transaction)
        {
            seen(transaction);
        }

        return Task.CompletedTask;
    };

    public static async Task<FakeEtcd> StartAsync()
    {
        var etcd = new FakeEtcd();
        await etcd._server.StartAsync();
        return etcd;
    }

    /// <summary>Ends the watches that there are.</summary>
    public void BreakWatches()
    {
        var broken = _broken;
        _broken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        broken.TrySetResult();
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static async Task<byte[]?> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        var head = new byte[5];
        if (await body.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken) < head.Length)
        {
            return null;
        }

        var message = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1))];
        await body.ReadExactlyAsync(message, cancellationToken);
        return message;
    }

    private static IMessage Parse(string method, byte[] message) => method switch
    {
        "/etcdserverpb.KV/Range" => RangeRequest.Parser.ParseFrom(message),
        "/etcdserverpb.Watch/Watch" => WatchRequest.Parser.ParseFrom(message),
        "/etcdserverpb.KV/Txn" => TxnRequest.Parser.ParseFrom(message),
        "/etcdserverpb.Lease/LeaseGrant" => LeaseGrantRequest.Parser.ParseFrom(message),
        "/etcdserverpb.Lease/LeaseRevoke" => LeaseRevokeRequest.Parser.ParseFrom(message),
        "/etcdserverpb.Lease/LeaseKeepAlive" => LeaseKeepAliveRequest.Parser.ParseFrom(message),
        "/etcdserverpb.Lease/LeaseTimeToLive" => LeaseTimeToLiveRequest.Parser.ParseFrom(message),
        _ => throw new RpcException(new Status(StatusCode.Unimplemented, method)),
    };

    private static async Task WriteAsync(IMessage message, HttpContext call)
    {
        var answer = message.ToByteArray();
        var head = new byte[5];
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(1), answer.Length);
        await call.Response.Body.WriteAsync((byte[])[.. head, .. answer], call.RequestAborted);
        await call.Response.Body.FlushAsync(call.RequestAborted);
    }

    /// <summary>One watch a stream. What is refused is refused in-band, without an error of the call's.</summary>
    private async Task WatchAsync(WatchCreateRequest create, HttpContext call)
    {
        var broken = _broken.Task;
        try
        {
            await Before(new WatchRequest { CreateRequest = create }, call.RequestAborted);
        }
        catch (RpcException refused)
        {
            await WriteAsync(new WatchResponse { Header = Model.Header, WatchId = -1, Created = true, Canceled = true, CancelReason = refused.Status.Detail }, call);
            return;
        }

        await WriteAsync(new WatchResponse { Header = Model.Header, WatchId = create.WatchId, Created = true }, call);
        var asked = ReadAsync(call.Request.Body, call.RequestAborted);
        for (var next = create.StartRevision; ;)
        {
            var (events, changed) = Model.EventsFrom(next, create);
            foreach (var revision in events.GroupBy(static one => one.Kv.ModRevision))
            {
                await WriteAsync(new WatchResponse { Header = Model.Header, WatchId = create.WatchId, Events = { revision } }, call);
                next = revision.Key + 1;
            }

            if (await Task.WhenAny(changed, asked, broken) is var happened && happened != changed)
            {
                if (happened == broken || await asked is null)
                {
                    return;
                }

                await WriteAsync(new WatchResponse { Header = Model.Header, WatchId = -1 }, call);
                asked = ReadAsync(call.Request.Body, call.RequestAborted);
            }
        }
    }

    private async Task AnswerAsync(HttpContext call)
    {
        var (status, detail) = (StatusCode.OK, string.Empty);
        call.Response.ContentType = "application/grpc";
        try
        {
            // A keep-alive is a stream.
            while (await ReadAsync(call.Request.Body, call.RequestAborted) is { } message)
            {
                var request = Parse(call.Request.Path.Value!, message);
                if (request is WatchRequest { CreateRequest: { } create })
                {
                    await WatchAsync(create, call);
                    break;
                }

                await Before(request, call.RequestAborted);
                await WriteAsync(Model.Answer(request), call);
            }
        }
        catch (RpcException refused)
        {
            (status, detail) = (refused.StatusCode, refused.Status.Detail);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or Microsoft.AspNetCore.Http.BadHttpRequestException)
        {
            // Nobody waits any more.
            return;
        }

        call.Response.AppendTrailer("grpc-status", ((int)status).ToString(CultureInfo.InvariantCulture));
        call.Response.AppendTrailer("grpc-message", detail);
    }
}

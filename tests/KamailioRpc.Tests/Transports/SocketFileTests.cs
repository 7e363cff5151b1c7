using System.Net.Sockets;
using KamailioRpc.Errors;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests.Transports;

/// <summary>A path that leads to something else than the address says.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SocketFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestCase("jsonrpc+unix", SocketType.Stream, "it is a socket for streams, as that of ctl is: write binrpc+unix: before it")]
    [TestCase("binrpc+unixd", SocketType.Stream, "it is a socket for streams, as that of ctl is: write binrpc+unix: before it")]
    [TestCase("binrpc+unix", SocketType.Dgram, "it is a socket for datagrams, as that of jsonrpcs is: write jsonrpc+unix: before it")]
    public async Task A_socket_of_another_kind_is_told_with_what_to_write(string scheme, SocketType type, string reason)
    {
        using var socket = new Socket(AddressFamily.Unix, type, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_folder.File("socket")));
        if (type == SocketType.Stream)
        {
            socket.Listen();
        }

        Assert.That(await FailureAsync($"{scheme}:{_folder.File("socket")}"), Does.EndWith(": " + reason));
    }

    [TestCase("jsonrpc+unix")]
    [TestCase("binrpc+unix")]
    public async Task A_FIFO_and_a_file_are_told_from_a_socket(string scheme)
    {
        OtherUser.MakeFifo(_folder.File("fifo"));
        File.WriteAllText(_folder.File("file"), string.Empty);

        Assert.That(await FailureAsync($"{scheme}:{_folder.File("fifo")}"), Does.EndWith(": it is a FIFO: write jsonrpc+fifo: before it"));
        Assert.That(await FailureAsync($"{scheme}:{_folder.File("file")}"), Does.EndWith(": it is no socket"));
    }

    [TestCase("jsonrpc+unix")]
    [TestCase("binrpc+unix")]
    [TestCase("jsonrpc+fifo")]
    public async Task A_directory_is_told_from_a_socket(string scheme)
    {
        Directory.CreateDirectory(_folder.File("run"));
        Assert.That(await FailureAsync($"{scheme}:{_folder.File("run")}"), Does.Contain("it is a directory: name the socket in it, as auto:DIRECTORY does"));
    }

    [Test]
    public void What_is_shut_to_this_user_is_not_said_to_be_nobodys()
    {
        Assert.That(Message(KamailioAddress.Default, new SocketException((int)SocketError.AccessDenied)), Is.EqualTo($"Kamailio's {KamailioAddress.Default} is shut to this user: Permission denied"));
        Assert.That(Message("jsonrpc+fifo:/run/f", new UnauthorizedAccessException()), Is.EqualTo("Kamailio's jsonrpc+fifo:/run/f is shut to this user: Permission denied"));
        Assert.That(Message("https://127.0.0.1/RPC", new UnauthorizedAccessException()), Does.StartWith("Kamailio does not listen on https://"), "it is the certificate that is shut");

        static string Message(string address, Exception exception) => new KamailioUnreachableException(KamailioAddress.Parse(address), "Permission denied", exception).Message;
    }

    private async Task<string> FailureAsync(string address)
    {
        await using var client = new RpcClient(KamailioAddress.Parse(address), new RpcClientOptions { ReplyDirectory = _folder.File("replies") });
        var failure = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("core.version", [], CancellationToken.None));
        return failure!.Message;
    }
}

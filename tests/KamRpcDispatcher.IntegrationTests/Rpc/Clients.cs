using KamailioRpc;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Rpc;

/// <summary>Clients of an <see cref="OpenKamailio"/>, with a reply directory of the test's.</summary>
internal static class Clients
{
    extension(OpenKamailio kamailio)
    {
        public RpcClientOptions Options => new()
        {
            ReplyDirectory = kamailio.ReplyDirectory,
            FifoReplyDirectory = "/tmp",
            CertificateAuthorityFile = kamailio.CertificateFile,
            Timeout = TimeSpan.FromSeconds(5),
        };

        /// <param name="transport">One of <see cref="OpenKamailio.Transports"/>.</param>
        /// <param name="with">Other options.</param>
        public RpcClient Client(string transport, Func<RpcClientOptions, RpcClientOptions>? with = null) =>
            new(KamailioAddress.Parse(kamailio.Address(transport)), with?.Invoke(kamailio.Options) ?? kamailio.Options);

        /// <summary>Neither sockets nor FIFOs for replies are there any more.</summary>
        public void AssertNothingLeft() =>
            Assert.That(Directory.GetFileSystemEntries(kamailio.ReplyDirectory).Concat(Directory.GetFileSystemEntries("/tmp", $"kamrpc-{Environment.ProcessId}-*")), Is.Empty);
    }
}

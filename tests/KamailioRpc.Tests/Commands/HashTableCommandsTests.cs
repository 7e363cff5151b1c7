using KamailioRpc.Commands;
using KamailioRpc.Errors;
using NSubstitute;
using NSubstitute.ExceptionExtensions;
using NUnit.Framework;

namespace KamailioRpc.Tests.Commands;

public class HashTableCommandsTests
{
    [TestCase(404, "Key not found in htable.")]
    [TestCase(500, "No such htable")]
    [TestCase(500, "command htable.delete not found")]
    public async Task What_is_not_there_is_deleted(int code, string message)
    {
        await using var client = Substitute.For<IRpcClient>();
        client.InvokeAsync(default!, default!, default).ThrowsAsyncForAnyArgs(new KamailioFaultException("htable.delete", code, message));

        Assert.That(async () => await client.DeleteHashValueAsync("table", "key", default), Throws.Nothing);
    }

    [Test]
    public async Task What_Kamailio_could_not_delete_is_not_taken_for_deleted()
    {
        await using var client = Substitute.For<IRpcClient>();
        client.InvokeAsync(default!, default!, default).ThrowsAsyncForAnyArgs(new KamailioFaultException("htable.delete", 500, "Internal error"));

        Assert.That(async () => await client.DeleteHashValueAsync("table", "key", default), Throws.TypeOf<KamailioFaultException>());
    }
}

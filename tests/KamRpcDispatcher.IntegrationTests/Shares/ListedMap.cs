using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Shares;

/// <summary>The share map that a Kamailio has, read past the product.</summary>
internal static class ListedMap
{
    /// <returns>Null for none.</returns>
    public static async Task<ShareMap?> OfAsync(KamailioServer kamailio, int set = 1)
    {
        try
        {
            var item = await kamailio.CallAsync("htable.get", "kamrpc_shares", $"{set}");
            Assert.That(ShareMap.TryParse(item.GetProperty("item").GetProperty("value").GetString(), out var map, out var error), error);
            return map;
        }
        catch (RpcCallException)
        {
            return null;
        }
    }
}

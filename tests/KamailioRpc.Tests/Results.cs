using System.Text;

namespace KamailioRpc.Tests;

/// <summary>Results as Kamailio would answer them.</summary>
internal static class Results
{
    public static RpcResult Of(string json) => new(Encoding.UTF8.GetBytes(json));
}

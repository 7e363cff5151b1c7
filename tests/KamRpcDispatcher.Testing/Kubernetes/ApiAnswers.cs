using System.Text.Json.Nodes;

namespace KamRpcDispatcher.Testing;

/// <summary>What an API server of Kubernetes answers beside the slices themselves, in the shapes of its documentation.</summary>
internal static class ApiAnswers
{
    public const string Group = "discovery.k8s.io";
    public const string GroupVersion = Group + "/v1";

    /// <summary>What clients ask for to find out what there is; null for a path that is none of these.</summary>
    public static JsonObject? Discovery(string path) => path switch
    {
        "/version" => new JsonObject { ["major"] = "1", ["minor"] = "32", ["gitVersion"] = "v1.32.4", ["platform"] = "linux/amd64" },
        "/api" => new JsonObject { ["kind"] = "APIVersions", ["versions"] = new JsonArray("v1"), ["serverAddressByClientCIDRs"] = new JsonArray() },
        "/api/v1" => new JsonObject { ["kind"] = "APIResourceList", ["groupVersion"] = "v1", ["resources"] = new JsonArray() },
        "/apis" => new JsonObject { ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = new JsonArray(DiscoveryGroup()) },
        "/apis/" + Group => DiscoveryGroup(),
        "/apis/" + GroupVersion => new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = GroupVersion,
            ["resources"] = new JsonArray(new JsonObject
            {
                ["name"] = "endpointslices",
                ["singularName"] = "endpointslice",
                ["namespaced"] = true,
                ["kind"] = "EndpointSlice",
                ["verbs"] = new JsonArray("get", "list", "watch"),
            }),
        },
        _ => null,
    };

    public static JsonObject List(string version, IEnumerable<JsonObject> items, string? next)
    {
        var metadata = new JsonObject { ["resourceVersion"] = version };
        if (next is not null)
        {
            metadata["continue"] = next;
        }

        return new JsonObject
        {
            ["kind"] = "EndpointSliceList",
            ["apiVersion"] = GroupVersion,
            ["metadata"] = metadata,
            ["items"] = new JsonArray([.. items.Select(static item => item.DeepClone())]),
        };
    }

    public static JsonObject Status(int code, string reason, string message) => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Failure",
        ["message"] = message,
        ["reason"] = reason,
        ["code"] = code,
    };

    public static JsonObject Unauthorized() => Status(401, "Unauthorized", "Unauthorized");

    public static JsonObject Forbidden(string verb, string space) => Status(
        403, "Forbidden", $"endpointslices.{Group} is forbidden: User \"system:serviceaccount:{space}:kamrpc\" cannot {verb} resource \"endpointslices\" in API group \"{Group}\" in the namespace \"{space}\"");

    public static JsonObject TooOld(string asked, string oldest) => Status(410, "Expired", $"too old resource version: {asked} ({oldest})");

    public static JsonObject ContinueExpired() =>
        Status(410, "Expired", "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.");

    public static JsonObject Event(string type, JsonObject item) => new() { ["type"] = type, ["object"] = item.DeepClone() };

    /// <summary>Only the version is filled in.</summary>
    public static JsonObject Bookmark(string version) => Event("BOOKMARK", new JsonObject
    {
        ["kind"] = "EndpointSlice",
        ["apiVersion"] = GroupVersion,
        ["metadata"] = new JsonObject { ["resourceVersion"] = version, ["creationTimestamp"] = null },
        ["addressType"] = string.Empty,
        ["endpoints"] = null,
        ["ports"] = null,
    });

    private static JsonObject DiscoveryGroup()
    {
        static JsonObject Version() => new() { ["groupVersion"] = GroupVersion, ["version"] = "v1" };
        return new JsonObject { ["kind"] = "APIGroup", ["apiVersion"] = "v1", ["name"] = Group, ["versions"] = new JsonArray(Version()), ["preferredVersion"] = Version() };
    }
}

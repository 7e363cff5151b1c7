using System.Text.Json.Nodes;

namespace KamRpcDispatcher.Testing;

/// <summary>EndpointSlices as the controller of Kubernetes writes them.</summary>
public static class SliceText
{
    /// <summary>A slice of a Service of the namespace voice, with the UDP port sip.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="name">The slice's name.</param>
    /// <param name="endpoints">Its endpoints.</param>
    public static JsonObject Slice(string service, string name, params IEnumerable<JsonObject> endpoints) => new()
    {
        ["kind"] = "EndpointSlice",
        ["apiVersion"] = "discovery.k8s.io/v1",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = "voice",
            ["labels"] = new JsonObject
            {
                ["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io",
                ["kubernetes.io/service-name"] = service,
            },
        },
        ["addressType"] = "IPv4",
        ["endpoints"] = new JsonArray([.. endpoints]),
        ["ports"] = new JsonArray(Port("sip", "UDP", 5060)),
    };

    public static JsonObject Port(string name, string protocol, int? number) => new() { ["name"] = name, ["protocol"] = protocol, ["port"] = number };

    /// <summary>The endpoint of a pod that is ready.</summary>
    public static JsonObject Ready(string pod, string address) => Endpoint(pod, address, ready: true, serving: true, terminating: false);

    /// <summary>One whose pod still serves and is told to end.</summary>
    public static JsonObject Terminating(string pod, string address) => Endpoint(pod, address, ready: false, serving: true, terminating: true);

    /// <summary>One whose pod's probe fails.</summary>
    public static JsonObject NotReady(string pod, string address) => Endpoint(pod, address, ready: false, serving: false, terminating: false);

    public static JsonObject Endpoint(string pod, string address, bool? ready, bool? serving, bool? terminating) => new()
    {
        ["addresses"] = new JsonArray(address),
        ["conditions"] = new JsonObject { ["ready"] = ready, ["serving"] = serving, ["terminating"] = terminating },
        ["targetRef"] = new JsonObject { ["kind"] = "Pod", ["namespace"] = "voice", ["name"] = pod, ["uid"] = "0" },
        ["nodeName"] = "node-1",
        ["zone"] = "zone-a",
    };

    /// <summary>The same slice with a label more.</summary>
    public static JsonObject Labelled(this JsonObject slice, string name, string value)
    {
        ArgumentNullException.ThrowIfNull(slice);
        slice["metadata"]!["labels"]![name] = value;
        return slice;
    }
}

namespace KamRpcDispatcher.Sources.Kubernetes.Api;

/// <summary>A part of a Service's endpoints, as <c>discovery.k8s.io/v1</c> has it; what is not read here is left out. Anything may be missing: it comes from outside.</summary>
/// <param name="Metadata">Its name, its version and its labels, among them those of the Service.</param>
/// <param name="AddressType"><c>IPv4</c>, <c>IPv6</c> or <c>FQDN</c>: of all its addresses.</param>
/// <param name="Endpoints">The endpoints, up to 1,000.</param>
/// <param name="Ports">The ports of each of them, up to 100; none at all means that none are defined.</param>
internal sealed record EndpointSlice(ObjectMeta? Metadata, string? AddressType, IReadOnlyList<Endpoint?>? Endpoints, IReadOnlyList<EndpointPort?>? Ports)
{
    /// <summary>The label that names the Service.</summary>
    public const string ServiceNameLabel = "kubernetes.io/service-name";
}

/// <summary>The part of an object's metadata that is read.</summary>
internal sealed record ObjectMeta(string? Name, string? Namespace, string? ResourceVersion, IReadOnlyDictionary<string, string?>? Labels);

/// <summary>One backend of a Service.</summary>
/// <param name="Addresses">One as a rule; of several any may be taken, "clients may choose to only use the first element".</param>
/// <param name="Conditions">What is said of its state.</param>
/// <param name="Hostname">Its name in DNS, where it has one.</param>
/// <param name="TargetRef">The pod behind it.</param>
/// <param name="NodeName">Where it runs.</param>
/// <param name="Zone">In which zone that is.</param>
internal sealed record Endpoint(IReadOnlyList<string?>? Addresses, EndpointConditions? Conditions, string? Hostname, ObjectReference? TargetRef, string? NodeName, string? Zone);

/// <summary>An object that something refers to.</summary>
internal sealed record ObjectReference(string? Kind, string? Namespace, string? Name);

/// <summary>The state of an endpoint. What is not said has the meaning that the API gives it: ready, as ready is, and not terminating.</summary>
internal sealed record EndpointConditions(bool? Ready, bool? Serving, bool? Terminating);

/// <summary>A port of every endpoint of a slice.</summary>
/// <param name="Name">That of the Service's port; empty where it has none.</param>
/// <param name="Protocol">UDP, TCP or SCTP; TCP where it is not said.</param>
/// <param name="Port">The number; null for "all ports".</param>
/// <param name="AppProtocol">What is spoken there.</param>
internal sealed record EndpointPort(string? Name, string? Protocol, int? Port, string? AppProtocol);

/// <summary>One page of a list.</summary>
internal sealed record EndpointSliceList(ListMeta? Metadata, IReadOnlyList<EndpointSlice?>? Items);

/// <summary>What a page says of the list.</summary>
/// <param name="ResourceVersion">The version that all its pages show, and from which to watch.</param>
/// <param name="Continue">What to ask for the next page with; empty or null on the last one.</param>
internal sealed record ListMeta(string? ResourceVersion, string? Continue);

/// <summary>One line of a watch.</summary>
/// <param name="Type"><c>ADDED</c>, <c>MODIFIED</c>, <c>DELETED</c>, <c>BOOKMARK</c> or <c>ERROR</c>.</param>
/// <param name="Object">A slice; only its version in a bookmark; a <see cref="ApiStatus"/> in an error.</param>
internal sealed record WatchEvent(string? Type, System.Text.Json.JsonElement Object);

/// <summary>Why the API server refuses something.</summary>
/// <param name="Message">For people.</param>
/// <param name="Reason">For programs, such as <c>Expired</c>.</param>
/// <param name="Code">The status code of HTTP.</param>
internal sealed record ApiStatus(string? Message, string? Reason, int? Code);

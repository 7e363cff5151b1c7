using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Sources.Kubernetes.Api;
using KamRpcDispatcher.Sources.Origins;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Sources.Kubernetes.Merging;

/// <summary>Reads the slices of one Service. What cannot be used is named, and never becomes a member.</summary>
/// <param name="service">The Service.</param>
/// <param name="sets">The sets that the source brings.</param>
/// <param name="areSpacesMixed">Whether its set has members of several namespaces, in which pods may have the same name.</param>
/// <param name="rejected">Where to note what cannot be used.</param>
/// <param name="remarks">Where to note what is to be told.</param>
/// <param name="known">The set that each Service's members stood in last, by the Service's name.</param>
internal sealed class SliceReader(KubernetesService service, IReadOnlySet<int> sets, bool areSpacesMixed, List<RejectedRecord> rejected, List<ServiceRemark> remarks, Dictionary<string, int> known)
{
    private const string IPv4 = "IPv4";
    private const string IPv6 = "IPv6";
    private const string Overridden = "it publishes addresses that are not ready (publishNotReadyAddresses), and so calls every pod ready: calls go to those that serve, and to nobody that terminates";

    private readonly string _name = $"{service.Namespace}/{service.Service}";

    public IEnumerable<MergeCandidate> Read(IReadOnlyCollection<EndpointSlice> slices)
    {
        var family = FamilyOf(slices);
        foreach (var slice in slices)
        {
            var labels = ServiceLabels.Read(slice.Metadata?.Labels, sets);
            remarks.AddRange(labels.Remarks.Select(remark => new ServiceRemark(_name, remark, IsWarning: true)));
            if (slice.AddressType is not (IPv4 or IPv6))
            {
                Reject(slice, null, $"its addresses are of the type '{SafeText.Shorten(slice.AddressType ?? string.Empty)}', and not IPv4 or IPv6");
                continue;
            }

            // One that has nobody may have no ports either: it says nothing.
            if (slice.AddressType != (labels.Family ?? family) || slice.Endpoints is not { Count: > 0 } endpoints)
            {
                continue;
            }

            if (labels.Error is null)
            {
                known[_name] = labels.Set ?? service.Set;
            }
            else if (known.TryGetValue(_name, out var before))
            {
                // A slip in a label takes nobody out.
                var kept = string.Create(CultureInfo.InvariantCulture, $"{labels.Error}; its endpoints stay in set {before}, as before");
                remarks.Add(new ServiceRemark(_name, kept, IsWarning: true));
                rejected.Add(new RejectedRecord(KeyOf(slice, null), kept, KeepsLastGood: true));
                labels = labels.In(before);
            }
            else
            {
                Reject(slice, null, labels.Error);
                continue;
            }

            if (!PortChoice.TryChoose(slice.Ports, labels.Port, out var port, out var unclear))
            {
                Reject(slice, null, unclear);
                continue;
            }

            remarks.Add(new ServiceRemark(_name, $"calls go to the port {port} of its endpoints, by {slice.AddressType}", IsWarning: false));
            foreach (var endpoint in endpoints.OfType<Endpoint>())
            {
                if (Read(slice, endpoint, labels, port) is { } candidate)
                {
                    yield return candidate;
                }
            }
        }
    }

    /// <summary>IPv4 where the Service has it: the cluster keeps a slice of each family that a Service has, also without endpoints, so that nobody changes the family for a moment.</summary>
    private static string FamilyOf(IReadOnlyCollection<EndpointSlice> slices) => slices.Any(static slice => slice.AddressType == IPv4) ? IPv4 : IPv6;

    private MergeCandidate? Read(EndpointSlice slice, Endpoint endpoint, ServiceLabels labels, PortChoice port)
    {
        var given = endpoint.Addresses is [{ } first, ..] ? first : string.Empty;
        var family = slice.AddressType == IPv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        if (HostName.HasOctal(given))
        {
            Reject(slice, endpoint, $"its address '{SafeText.Shorten(given)}' has a number with a zero before it, which some read as octal");
            return null;
        }

        if (!IPAddress.TryParse(given, out var address) || address.AddressFamily != family || (family == AddressFamily.InterNetworkV6 && address.ScopeId != 0))
        {
            Reject(slice, endpoint, $"its address '{SafeText.Shorten(given)}' is no {slice.AddressType} address");
            return null;
        }

        var name = NameOf(endpoint, address);
        if (MemberValidation.CheckName(name) is { } badName)
        {
            Reject(slice, endpoint, badName);
            return null;
        }

        var host = family == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
        if (!SipUri.TryParse(string.Create(CultureInfo.InvariantCulture, $"sip:{host}:{port.Port}{port.Parameter}"), out var uri, out var badUri))
        {
            Reject(slice, endpoint, badUri);
            return null;
        }

        var state = EndpointState.Of(endpoint.Conditions);
        if (state.IsOverridden)
        {
            remarks.Add(new ServiceRemark(_name, Overridden, IsWarning: true));
        }

        var member = new Member(new MemberKey(labels.Set ?? service.Set, name), uri)
        {
            Weight = labels.Weight,
            Priority = labels.Priority,
            Labels = LabelsOf(endpoint, labels, port),
            State = state.State,
            Reason = state.Reason,
        };
        return new MergeCandidate(member, state.IsTerminating);
    }

    /// <summary>The pod's; where there is none the host's; else the address's.</summary>
    private string NameOf(Endpoint endpoint, IPAddress address)
    {
        var name = endpoint.TargetRef is { Kind: "Pod", Name: { Length: > 0 } pod } ? pod : endpoint.Hostname is { Length: > 0 } host ? host : $"ip-{address}";
        return areSpacesMixed ? $"{name}.{service.Namespace}" : name;
    }

    private ImmutableSortedDictionary<string, string> LabelsOf(Endpoint endpoint, ServiceLabels labels, PortChoice port)
    {
        var all = labels.Labels.ToBuilder();
        Add("service", service.Service);
        Add("namespace", service.Namespace);
        Add("pod", endpoint.TargetRef is { Kind: "Pod" } pod ? pod.Name : null);
        Add("node", endpoint.NodeName);
        Add(ZonePreference.Label, endpoint.Zone);
        Add("port", port.Name);
        return all.ToImmutable();

        // What the endpoint itself is cannot be said otherwise by a label of the Service.
        void Add(string name, string? value)
        {
            if (value is { Length: > 0 } && MemberValidation.CheckLabel(name, value) is null)
            {
                all[name] = value;
            }
        }
    }

    private void Reject(EndpointSlice slice, Endpoint? endpoint, string reason) => rejected.Add(new RejectedRecord(KeyOf(slice, endpoint), reason, KeepsLastGood: false));

    private string KeyOf(EndpointSlice slice, Endpoint? endpoint)
    {
        var who = endpoint?.TargetRef?.Name ?? (endpoint?.Addresses is [var first, ..] ? first : null);
        return SafeText.Shorten($"{service.Namespace}/{slice.Metadata?.Name}{(who is null ? string.Empty : " " + who)}", 256);
    }
}

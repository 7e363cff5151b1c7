using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Sources.Kubernetes.Merging;

/// <summary>What all slices of all Services of a source come to.</summary>
/// <param name="Members">Everybody, each once, in the order of their keys.</param>
/// <param name="Terminating">Who of them is on its way out by its own word.</param>
/// <param name="Rejected">The slices and endpoints that cannot be used.</param>
/// <param name="Remarks">What is to be told of the Services, by whom it concerns: each once.</param>
internal sealed record MergedEndpoints(IReadOnlyList<Member> Members, ImmutableHashSet<MemberKey> Terminating, IReadOnlyList<RejectedRecord> Rejected, IReadOnlyList<ServiceRemark> Remarks)
{
    /// <summary>The Services without any slice.</summary>
    public IReadOnlyList<SourceWarning> Empty { get; init; } = [];

    /// <summary>The Services that were not read yet, whose members are the saved ones.</summary>
    public IReadOnlyList<string> Unread { get; init; } = [];
}

/// <summary>Something to be told of a Service once.</summary>
/// <param name="Service">Its namespace and name.</param>
/// <param name="Text">A sentence.</param>
/// <param name="IsWarning">Whether somebody should do something.</param>
internal sealed record ServiceRemark(string Service, string Text, bool IsWarning);

using System.Collections.Immutable;
using System.Globalization;

namespace KamRpcDispatcher.Sources.Origins;

/// <summary>One place that members come from, as an operator names it: <c>etcd</c>, <c>file:PATH</c>, <c>kubernetes:NAMESPACE/SERVICE=SET</c>.</summary>
/// <param name="Sets">The sets whose members it brings; null for every set that no other one names.</param>
public abstract record MemberOrigin(ImmutableSortedSet<int>? Sets)
{
    /// <summary>How it is called in messages, without its sets: such as <c>file:/etc/kamrpc/members.json</c>.</summary>
    public abstract string Name { get; }

    /// <summary>How what brings one set of it is called.</summary>
    /// <param name="number">The set.</param>
    public virtual string NameOf(int number) => Name;

    /// <summary>Its name, with its sets where it has some.</summary>
    public sealed override string ToString() => Sets is null ? Name : $"{Name} (set {string.Join(", ", Sets.Select(static set => set.ToString(CultureInfo.InvariantCulture)))})";
}

/// <summary>What announcers write to etcd.</summary>
public sealed record EtcdOrigin(ImmutableSortedSet<int>? Sets = null) : MemberOrigin(Sets)
{
    /// <inheritdoc/>
    public override string Name => "etcd";
}

/// <summary>A JSON file that somebody else writes.</summary>
/// <param name="Path">Its full path; links in it are followed anew each time.</param>
/// <param name="Sets">The sets whose members it brings; null for every set that no other one names.</param>
public sealed record FileOrigin(string Path, ImmutableSortedSet<int>? Sets = null) : MemberOrigin(Sets)
{
    /// <inheritdoc/>
    public override string Name => $"file:{Path}";
}

/// <summary>The endpoints of Kubernetes' Services.</summary>
/// <param name="Services">Each with its set; several may feed one.</param>
public sealed record KubernetesOrigin(ImmutableArray<KubernetesService> Services) : MemberOrigin([.. Services.Select(static service => service.Set)])
{
    /// <inheritdoc/>
    public override string Name => NameOf(Services);

    /// <inheritdoc/>
    public override string NameOf(int number) => NameOf(Services.Where(service => service.Set == number));

    private static string NameOf(IEnumerable<KubernetesService> services) => $"kubernetes:{string.Join(',', services.Select(static service => $"{service.Namespace}/{service.Service}").Distinct())}";
}

/// <summary>A Service of Kubernetes' and the set that its endpoints stand in.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Service">Its name.</param>
/// <param name="Set">The set.</param>
public sealed record KubernetesService(string Namespace, string Service, int Set);

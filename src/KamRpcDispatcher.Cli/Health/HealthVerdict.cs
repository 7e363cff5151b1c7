using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Health;

/// <summary>Whether calls should come to this proxy, and by whose word.</summary>
/// <param name="Reason">Why, one of <see cref="HealthReason"/>.</param>
/// <param name="Text">The same in one line, safe to print.</param>
internal sealed record HealthVerdict(string Reason, string Text)
{
    public bool IsHealthy => Reason == HealthReason.Healthy;

    /// <summary>The proxy's name; null where nobody knows it yet.</summary>
    public string? Proxy { get; init; }

    /// <summary>Whose word it is: <c>dispatcher</c>, or <c>kamailio</c> where no dispatcher answers; null where neither does.</summary>
    public string? By { get; init; }

    /// <summary>How long ago Kamailio's list was seen so; null where it was not.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>The destinations that may get calls, of each set that counts.</summary>
    public IReadOnlyList<KeyValuePair<int, int>> Sets { get; init; } = [];

    /// <summary>Whose drain the proxy is under; null for nobody's, and where nobody knows.</summary>
    public HealthDrain? Drain { get; init; }

    /// <summary>Since when etcd cannot be followed; null where it can, and where nobody knows.</summary>
    public DateTimeOffset? EtcdAwaySince { get; init; }

    /// <summary>The other places that members come from, and that cannot be read.</summary>
    public IReadOnlyList<ReportedSource> SourcesAway { get; init; } = [];

    public override string ToString() => $"{(IsHealthy ? "healthy" : "NOT healthy")}: {Text}\n";

    /// <summary>For programs: every field is always there, later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        writer.WriteBoolean("healthy", IsHealthy);
        writer.WriteString("reason", Reason);
        writer.WriteString("text", Text);
        writer.WriteString("proxy", Proxy);
        writer.WriteString("by", By);
        JsonText.WriteNumber(writer, "ageSeconds", Age?.TotalSeconds);
        JsonText.WriteArray(writer, "sets", Sets, static (json, set) =>
        {
            json.WriteNumber("set", set.Key);
            json.WriteNumber("routable", set.Value);
        });
        if (Drain is { } drain)
        {
            writer.WriteStartObject("drainedByOperator");
            writer.WriteString("by", drain.By);
            JsonText.WriteTime(writer, "at", drain.At);
            writer.WriteString("reason", drain.Reason);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("drainedByOperator");
        }

        JsonText.WriteTime(writer, "etcdAwaySince", EtcdAwaySince);
        JsonText.WriteArray(writer, "sourcesAway", SourcesAway, static (json, source) =>
        {
            json.WriteString("source", source.Name);
            JsonText.WriteTime(json, "since", source.AwaySince);
            json.WriteString("reason", source.Reason);
        });
    });
}

/// <summary>Whose drain a proxy is under.</summary>
/// <param name="By">Who, as found; null where nobody knows.</param>
/// <param name="At">Since when.</param>
/// <param name="Reason">Why, as found.</param>
internal sealed record HealthDrain(string? By, DateTimeOffset? At, string? Reason);

/// <summary>The reasons of <see cref="HealthVerdict"/>; they stay the same from version to version.</summary>
internal static class HealthReason
{
    public const string Healthy = "healthy";

    /// <summary>An operator has drained the proxy.</summary>
    public const string Drained = "drained";

    /// <summary>Kamailio does not answer.</summary>
    public const string KamailioLost = "kamailio-lost";

    /// <summary>A set has nobody to route to.</summary>
    public const string NobodyToRouteTo = "set-without-destination";

    /// <summary>Kamailio does not take changes of state.</summary>
    public const string NotInStep = "not-in-step";

    /// <summary>The dispatcher says itself that its loop hangs.</summary>
    public const string DispatcherHangs = "dispatcher-hangs";

    /// <summary>No dispatcher answers, and <c>--strict</c> asks for one.</summary>
    public const string NoDispatcher = "no-dispatcher";
}

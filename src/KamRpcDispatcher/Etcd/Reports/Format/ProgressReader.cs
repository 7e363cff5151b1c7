using System.Collections.Immutable;
using System.Text.Json;
using KamRpcDispatcher.Sources;

using static KamRpcDispatcher.Etcd.Reports.Format.ReportFields;

namespace KamRpcDispatcher.Etcd.Reports.Format;

/// <summary>Reads of a proxy's report what whoever leaves waits for; a <see cref="FormatException"/> names the field that is wrong.</summary>
internal sealed class ProgressReader(JsonElement report)
{
    /// <summary>What of it is needed to leave, so that no other part which a newer version writes in another way keeps anybody waiting.</summary>
    public ProxyProgress Read()
    {
        if (report.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("the value is JSON, but not an object");
        }

        // An earlier version does not say what is silenced: then only what is in force whole counts.
        var silenced = Count(report, Has(report, "silenced") ? "silenced" : "revision", long.MaxValue);
        var superseded = ReadableSuperseded();
        return new ProxyProgress(silenced, superseded, Unnamed(superseded))
        {
            Serves = Readable(() => Items(report, "serves", ProxyReader.ReadServed), otherwise: []),
            Applies = Readable(() => Items(report, "applies", ProxyReader.ReadKind), otherwise: []),
            Intents = Readable(() => ProxyReader.ReadIntents(report), otherwise: null),
            Splits = Readable(() => ProxyReader.ReadSplits(report), otherwise: null),
            Intent = Readable(() => ProxyReader.ReadIntent(report), otherwise: null),
            IsClashing = HasClash(),
        };
    }

    private int Readable(string name) => report.TryGetProperty(name, out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var count) ? count : 0;

    /// <summary>
    /// How many leave whose address gets calls, and are not named. An earlier version does not say it, and names all whose address gets calls before
    /// any other, so that none of them is missing where there is another.
    /// </summary>
    private int Unnamed(ImmutableArray<SupersededMember> named) =>
        Has(report, "version") ? Readable("moreSupersededLeaving") : named.LastOrDefault() is { IsServed: false } ? 0 : Readable("moreSuperseded");

    /// <summary>Those that can be understood: what a newer version says of others keeps nobody from leaving.</summary>
    private ImmutableArray<SupersededMember> ReadableSuperseded()
    {
        if (!report.TryGetProperty("superseded", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        var read = ImmutableArray.CreateBuilder<SupersededMember>();
        foreach (var entry in list.EnumerateArray())
        {
            try
            {
                read.Add(ProxyReader.ReadSuperseded(entry));
            }
            catch (FormatException)
            {
                // It has to be left out.
            }
        }

        return read.ToImmutable();
    }

    /// <summary>What cannot be understood says nothing: so the proxy may serve any set, and follows no intents.</summary>
    private static T Readable<T>(Func<T> read, T otherwise)
    {
        try
        {
            return read();
        }
        catch (FormatException)
        {
            return otherwise;
        }
    }

    private bool HasClash() => report.TryGetProperty("trouble", out var troubles) && troubles.ValueKind == JsonValueKind.Array
        && troubles.EnumerateArray().Any(static trouble =>
            trouble.ValueKind == JsonValueKind.Object && trouble.TryGetProperty("kind", out var kind) && kind.ValueKind == JsonValueKind.String && kind.ValueEquals(TroubleKind.Name));
}

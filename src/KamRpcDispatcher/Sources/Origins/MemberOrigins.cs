using System.Collections.Immutable;
using System.Globalization;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources.Origins;

/// <summary>Reads what <c>--source</c> says, and finds sets that would have two sources.</summary>
public static class MemberOrigins
{
    /// <summary>What is told of something that is none of them.</summary>
    public const string Forms = "etcd, file:PATH or kubernetes:NAMESPACE/SERVICE=SET";

    private const string Etcd = "etcd";
    private const string File = "file:";
    private const string Kubernetes = "kubernetes:";

    private const int LongestShown = 200;

    /// <summary>A Service's name and a namespace's are DNS labels.</summary>
    private const int LongestLabel = 63;

    /// <summary>
    /// Reads <c>etcd[=SET[,SET...]]</c>, <c>file:PATH[=SET[,SET...]]</c> and <c>kubernetes:NAMESPACE/SERVICE=SET[,[NAMESPACE/]SERVICE=SET...]</c>, several after each other too,
    /// as they stand in an environment variable: a comma before one of the three words begins the next one.
    /// </summary>
    /// <param name="texts">What was given; nothing is etcd.</param>
    /// <param name="errors">Everything that is wrong, each a sentence.</param>
    public static IReadOnlyList<MemberOrigin> Parse(IReadOnlyList<string> texts, out IReadOnlyList<string> errors)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var wrong = new List<string>();
        var origins = new List<MemberOrigin>();
        foreach (var text in Separate(string.Join(',', texts)))
        {
            try
            {
                origins.Add(ParseOne(text));
            }
            catch (FormatException exception)
            {
                wrong.Add(exception.Message);
            }
        }

        if (wrong.Count == 0)
        {
            wrong.AddRange(Conflicts(origins));
        }

        errors = wrong;
        return origins.Count == 0 ? [new EtcdOrigin()] : origins;
    }

    /// <summary>The sets that would have two sources, each a sentence that names both.</summary>
    private static IEnumerable<string> Conflicts(IReadOnlyList<MemberOrigin> origins)
    {
        if (origins.Where(static origin => origin.Sets is null).ToList() is [var one, var other, ..])
        {
            yield return $"{Shown(one.Name)} and {Shown(other.Name)} would both bring every set that no other source names, and a set has one source: give one of them its sets, such as '{Shown(other.Name)}=1,2'";
        }

        foreach (var service in origins.OfType<KubernetesOrigin>().SelectMany(static origin => origin.Services).GroupBy(static service => $"{service.Namespace}/{service.Service}").Where(static group => group.Count() > 1))
        {
            yield return $"the Service {service.Key} is named twice, and its members stand in one set: name it once";
        }

        foreach (var set in origins.SelectMany(origin => (origin.Sets ?? []).Select(set => (set, origin))).GroupBy(static pair => pair.set).Where(static group => group.Count() > 1))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"set {set.Key} would come from {string.Join(" and from ", set.Select(static pair => Shown(pair.origin.Name)))}, and a set has one source: take it from one of them");
        }
    }

    private static IEnumerable<string> Separate(string text)
    {
        if (text.Length == 0)
        {
            yield break;
        }

        var start = 0;
        for (var at = text.IndexOf(',', StringComparison.Ordinal); at >= 0; at = text.IndexOf(',', at + 1))
        {
            if (Begins(text[(at + 1)..].TrimStart()))
            {
                yield return text[start..at];
                start = at + 1;
            }
        }

        yield return text[start..];
    }

    private static bool Begins(string text) =>
        text == Etcd || text.StartsWith("etcd=", StringComparison.Ordinal) || text.StartsWith("etcd,", StringComparison.Ordinal)
        || text.StartsWith(File, StringComparison.Ordinal) || text.StartsWith(Kubernetes, StringComparison.Ordinal);

    private static MemberOrigin ParseOne(string given)
    {
        var text = given.Trim();
        if (text == Etcd)
        {
            return new EtcdOrigin();
        }

        if (text.StartsWith("etcd=", StringComparison.Ordinal))
        {
            return new EtcdOrigin(Sets(text, text["etcd=".Length..]));
        }

        if (text.StartsWith(File, StringComparison.Ordinal))
        {
            return ParseFile(text);
        }

        return text.StartsWith(Kubernetes, StringComparison.Ordinal) ? ParseKubernetes(text) : throw new FormatException($"'{Shown(text)}' is not {Forms}");
    }

    /// <summary>What follows the last '=' are sets if they look like them: a path may have one too.</summary>
    private static FileOrigin ParseFile(string text)
    {
        var path = text[File.Length..];
        ImmutableSortedSet<int>? sets = null;
        if (path.LastIndexOf('=') is var at and >= 0 && path[(at + 1)..] is { Length: > 0 } rest && rest.All(static c => char.IsAsciiDigit(c) || c == ','))
        {
            (path, sets) = (path[..at], Sets(text, rest));
        }

        return path.Length == 0 || path.Contains('\0', StringComparison.Ordinal)
            ? throw new FormatException($"'{Shown(text)}' names no file; write file:PATH, such as file:/etc/kamrpc/members.json")
            : new FileOrigin(System.IO.Path.GetFullPath(path), sets);
    }

    private static KubernetesOrigin ParseKubernetes(string text)
    {
        string? space = null;
        var services = ImmutableArray.CreateBuilder<KubernetesService>();
        foreach (var item in text[Kubernetes.Length..].Split(','))
        {
            var equals = item.LastIndexOf('=');
            var name = equals < 0 ? item : item[..equals];
            if (name.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0)
            {
                (space, name) = (name[..slash], name[(slash + 1)..]);
            }

            if (space is null || !IsLabel(space) || !IsLabel(name) || equals < 0)
            {
                throw new FormatException($"'{Shown(item)}' of '{Shown(text)}' is not NAMESPACE/SERVICE=SET");
            }

            var service = new KubernetesService(space, name, Set(text, item[(equals + 1)..]));
            if (services.Any(known => known.Namespace == service.Namespace && known.Service == service.Service))
            {
                throw new FormatException($"'{Shown(text)}' names the Service {service.Namespace}/{service.Service} twice");
            }

            services.Add(service);
        }

        return new KubernetesOrigin(services.ToImmutable());
    }

    private static bool IsLabel(string text) =>
        text.Length is > 0 and <= LongestLabel && text[0] != '-' && text[^1] != '-' && text.All(static c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');

    private static ImmutableSortedSet<int> Sets(string text, string sets) => [.. sets.Split(',').Select(set => Set(text, set))];

    private static int Set(string text, string set) =>
        MemberKey.TryParse($"{set}/a", out var key, out var error) ? key.Set : throw new FormatException($"'{Shown(text)}': {error}");

    private static string Shown(string text) => SafeText.Shorten(text, LongestShown);
}

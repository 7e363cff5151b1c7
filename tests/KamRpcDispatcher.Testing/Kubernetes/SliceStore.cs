using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace KamRpcDispatcher.Testing;

/// <summary>The EndpointSlices of an API server, each change with a version of its own, and the history of changes until it is compacted.</summary>
public sealed class SliceStore
{
    private readonly Lock _lock = new();
    private readonly ChangeSignal _changes = new();
    private readonly List<SliceChange> _history = [];
    private readonly Dictionary<string, (long Version, ImmutableArray<JsonObject> Items)> _pages = new(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, JsonObject> _slices = ImmutableSortedDictionary.Create<string, JsonObject>(StringComparer.Ordinal);
    private long _compacted;
    private int _tokens;

    /// <summary>The version of the last change.</summary>
    public long Version { get; private set; } = 100;

    /// <summary>Completes at the next change. Take it before reading.</summary>
    internal Task Next => _changes.Next;

    /// <summary>Creates or replaces a slice; answers its version.</summary>
    public long Put(JsonObject slice)
    {
        ArgumentNullException.ThrowIfNull(slice);
        lock (_lock)
        {
            var made = (JsonObject)slice.DeepClone();
            var metadata = made["metadata"]!.AsObject();
            var key = KeyOf(made);
            var before = _slices.GetValueOrDefault(key);
            var version = ++Version;
            made["kind"] = "EndpointSlice";
            made["apiVersion"] = "discovery.k8s.io/v1";
            metadata["uid"] = before?["metadata"]!["uid"]!.GetValue<string>() ?? Guid.NewGuid().ToString();
            metadata["resourceVersion"] = Text(version);
            metadata["creationTimestamp"] = before?["metadata"]!["creationTimestamp"]!.GetValue<string>() ?? DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            _slices = _slices.SetItem(key, made);
            _history.Add(new SliceChange(version, before, made));
        }

        _changes.Raise();
        return Version;
    }

    /// <summary>Deletes a slice, if there is one.</summary>
    public void Delete(string space, string name)
    {
        lock (_lock)
        {
            if (!_slices.TryGetValue($"{space}/{name}", out var before))
            {
                return;
            }

            _slices = _slices.Remove($"{space}/{name}");
            _history.Add(new SliceChange(++Version, before, null));
        }

        _changes.Raise();
    }

    /// <summary>Something else of the cluster changes: versions go on, and the slices stay as they are.</summary>
    public void Pass(int versions)
    {
        lock (_lock)
        {
            Version += versions;
        }

        _changes.Raise();
    }

    /// <summary>Forgets all changes until now, and what is left of lists that were begun.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            _compacted = Version;
            _history.Clear();
            _pages.Clear();
        }
    }

    internal JsonObject? Find(string space, string name)
    {
        lock (_lock)
        {
            return _slices.GetValueOrDefault($"{space}/{name}");
        }
    }

    /// <summary>A page of a list; null where the rest of it is forgotten.</summary>
    internal (long Version, IReadOnlyList<JsonObject> Items, string? Continue)? List(string? space, Predicate<JsonObject> selects, int limit, string? token)
    {
        lock (_lock)
        {
            (long Version, ImmutableArray<JsonObject> Items) all = default;
            if (token is null)
            {
                all = (Version, [.. _slices.Values.Where(slice => (space is null || SpaceOf(slice) == space) && selects(slice))]);
            }
            else if (!_pages.TryGetValue(token, out all))
            {
                return null;
            }

            if (limit <= 0 || all.Items.Length <= limit)
            {
                return (all.Version, all.Items, null);
            }

            var next = $"page-{++_tokens}";
            _pages[next] = (all.Version, all.Items[limit..]);
            return (all.Version, all.Items[..limit], next);
        }
    }

    /// <summary>The changes after a version; null where some of them are forgotten.</summary>
    internal (long Version, IReadOnlyList<SliceChange> Changes)? After(long version)
    {
        lock (_lock)
        {
            if (version < _compacted)
            {
                return null;
            }

            var first = _history.Count;
            while (first > 0 && _history[first - 1].Version > version)
            {
                first--;
            }

            return (Version, _history.GetRange(first, _history.Count - first));
        }
    }

    internal static string SpaceOf(JsonObject slice) => slice["metadata"]!["namespace"]!.GetValue<string>();

    internal static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);

    private static string KeyOf(JsonObject slice) => $"{SpaceOf(slice)}/{slice["metadata"]!["name"]!.GetValue<string>()}";
}

/// <summary>One change.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Before">The slice before it; null when it was created.</param>
/// <param name="After">The slice after it; null when it was deleted.</param>
internal sealed record SliceChange(long Version, JsonObject? Before, JsonObject? After);

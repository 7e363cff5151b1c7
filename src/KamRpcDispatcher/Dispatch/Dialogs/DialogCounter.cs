using System.Collections.Immutable;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports.Dialogs;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Dialogs;

/// <summary>
/// Asks Kamailio, beside the cycles and only while an operator drains somebody, how many calls are up on those: where the snippet counts them by dialogs, by the destination's URI. Whether it does is asked once of each Kamailio.
/// </summary>
/// <param name="client">Kamailio.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class DialogCounter(IRpcClient client, TimeProvider timeProvider)
{
    /// <summary>The profile's name in Kamailio's config.</summary>
    internal const string Profile = "kamrpc";

    /// <summary>The module that has the command. A command that nobody has is an error in Kamailio's log.</summary>
    private const string Module = "dialog";

    /// <summary>How often calls are counted.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>A Kamailio that did not count them is asked again after this time, while somebody is drained.</summary>
    internal static readonly TimeSpan AskedAgain = TimeSpan.FromSeconds(60);

    /// <summary>Kamailio tells in whole seconds for how long it runs.</summary>
    private static readonly TimeSpan Rounding = TimeSpan.FromSeconds(2);

    private volatile Followed? _followed;
    private KamailioInstance? _asked;
    private long? _refusedAt;
    private volatile DialogReport? _report;

    /// <summary>What is to be told; null where Kamailio counts no dialogs. Asked by any thread.</summary>
    public DialogReport? Report => _report;

    /// <summary>Takes note of who is drained, and where they are.</summary>
    public void Follow(Membership membership, DispatcherTable table)
    {
        List<MemberKey> drained = [.. membership.Intents?.ByMember.Values.Where(static intent => intent.IsDrained).Select(static intent => intent.Key).Order() ?? Enumerable.Empty<MemberKey>()];
        if (drained.Count == 0)
        {
            _followed = new Followed(table.Instance, []);
            return;
        }

        var listed = table.Destinations.ToLookup(static entry => new MemberKey(entry.Set, AttributeText.Duid(entry.Attributes) ?? string.Empty), static entry => entry.Uri);
        _followed = new Followed(table.Instance,
        [
            .. drained.Select(key => (key, membership.ClassKeys[key].Prepend(key).SelectMany(one => listed[one]).Distinct(StringComparer.Ordinal).ToImmutableArray()))
                .Where(static one => one.Item2.Length > 0).Take(DialogReport.MostCounted),
        ]);
    }

    /// <summary>Counts until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Interval, timeProvider, cancellationToken).ConfigureAwait(false);
            await CountAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Counts once, if there is something to count.</summary>
    internal async Task CountAsync(CancellationToken cancellationToken)
    {
        if (_followed is not var (instance, drained))
        {
            return;
        }

        var isNew = instance != _asked;
        if (isNew)
        {
            (_asked, _refusedAt, _report) = (null, null, null);
        }

        if (_refusedAt is { } refusedAt && (drained.IsEmpty || timeProvider.GetElapsedTime(refusedAt) < AskedAgain))
        {
            return;
        }

        if (drained.IsEmpty && !isNew)
        {
            // What was counted for somebody who is not drained any more is not told.
            _report = _report is { } told ? told with { At = null, Members = [] } : null;
            return;
        }

        try
        {
            if (_report is null && !(await client.ListModulesAsync(cancellationToken).ConfigureAwait(false)).Contains(Module))
            {
                (_asked, _refusedAt) = (instance, timeProvider.GetTimestamp());
                return;
            }

            await AskAsync(drained, cancellationToken).ConfigureAwait(false);
            (_asked, _refusedAt) = (instance, null);
        }
        catch (KamailioFaultException)
        {
            // It has no such profile: the snippet does not count dialogs there.
            (_asked, _refusedAt, _report) = (instance, timeProvider.GetTimestamp(), null);
        }
        catch (KamailioRpcException)
        {
            // Whether Kamailio answers the cycles tell; what was counted last becomes old.
        }
    }

    private async Task AskAsync(ImmutableArray<(MemberKey Key, ImmutableArray<string> Uris)> drained, CancellationToken cancellationToken)
    {
        if (drained.IsEmpty)
        {
            _ = await client.GetDialogProfileSizeAsync(Profile, value: null, cancellationToken).ConfigureAwait(false);
        }

        // The oldest of the counts has this time.
        var at = timeProvider.GetUtcNow();
        var counts = ImmutableArray.CreateBuilder<DialogCount>(drained.Length);
        foreach (var (key, uris) in drained)
        {
            var calls = 0;
            foreach (var uri in uris)
            {
                calls += await client.GetDialogProfileSizeAsync(Profile, uri, cancellationToken).ConfigureAwait(false);
            }

            counts.Add(new DialogCount(key, calls));
        }

        // Afterwards: what was started anew meanwhile says so, and has none of the calls that were counted before it.
        var uptime = (await client.GetUptimeAsync(cancellationToken).ConfigureAwait(false)).Uptime;
        var since = timeProvider.GetUtcNow() - uptime;
        _report = new DialogReport
        {
            Since = _report?.Since is { } known && (since - known).Duration() <= Rounding ? known : since,
            At = drained.IsEmpty ? null : at,
            Members = counts.MoveToImmutable(),
        };
    }

    /// <summary>Who is drained, and the destinations that Kamailio's list has of each.</summary>
    private sealed record Followed(KamailioInstance Instance, ImmutableArray<(MemberKey Key, ImmutableArray<string> Uris)> Drained);
}

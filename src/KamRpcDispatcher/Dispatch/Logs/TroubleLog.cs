using System.Collections.Immutable;
using KamRpcDispatcher.Etcd.Reports;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Logs;

/// <summary>Keeps what somebody should know of, and logs each once when it begins and once when it ends; of a kind that comes and goes, a few times a minute.</summary>
internal sealed class TroubleLog(TimeProvider timeProvider, ILogger logger)
{
    private readonly LogLimits<string> _limits = new(timeProvider);
    private readonly HashSet<(string Kind, DateTimeOffset Since)> _told = [];
    private ImmutableArray<ProxyTrouble> _given = [];
    private ProxyTrouble? _fault;

    /// <summary>What there is now; that cycles fail comes first.</summary>
    public ImmutableArray<ProxyTrouble> Current => _fault is { } fault ? [fault, .. _given] : _given;

    /// <summary>The troubles that there are now, all of them; those with a kind and a beginning that were not there before are new.</summary>
    public void Replace(IReadOnlyList<ProxyTrouble> troubles)
    {
        var before = _given.Select(static trouble => (trouble.Kind, trouble.Since)).ToHashSet();
        foreach (var trouble in troubles.Where(trouble => !before.Contains((trouble.Kind, trouble.Since)) && _limits.Allows(trouble.Kind)))
        {
            _told.Add((trouble.Kind, trouble.Since));
            Began(trouble);
        }

        var now = troubles.Select(static trouble => (trouble.Kind, trouble.Since)).ToHashSet();
        foreach (var trouble in _given.Where(trouble => !now.Contains((trouble.Kind, trouble.Since)) && _told.Remove((trouble.Kind, trouble.Since))))
        {
            ReconcileLog.TroubleOver(logger, trouble.Kind, trouble.Text);
        }

        _given = [.. troubles.Select(static trouble => trouble.Capped())];
    }

    /// <summary>A fault of kamrpc's own; null when it is over. It is logged where it happens.</summary>
    public void SetFault(ProxyTrouble? fault) => _fault = fault?.Capped();

    private void Began(ProxyTrouble trouble) =>
        ReconcileLog.TroubleBegan(logger, TroubleKind.IsError(trouble.Kind) ? LogLevel.Error : LogLevel.Warning, trouble.Kind, trouble.Text);
}

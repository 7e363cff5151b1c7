using KamailioRpc;
using KamRpcDispatcher.Doctor.Checks;
using KamRpcDispatcher.Doctor.Observations;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Doctor;

/// <summary>Logs what the doctor would say of a Kamailio's configuration, for a daemon that works with it: what is wrong, each with its fix.</summary>
/// <param name="address">Where Kamailio answers.</param>
/// <param name="rpc">How to call it.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
/// <param name="hasBootList">Whether the list that Kamailio loads at its start is kept, and may not have been written yet.</param>
public sealed partial class ConfigurationExamination(KamailioAddress address, RpcClientOptions rpc, TimeProvider timeProvider, ILogger<ConfigurationExamination> logger, bool hasBootList = false)
{
    /// <summary>Examines once. Changes nothing.</summary>
    /// <returns>Whether Kamailio answered.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var kamailio = await new ConfigurationObserver(rpc, timeProvider).ObserveAsync(address, cancellationToken).ConfigureAwait(false);
        if (!kamailio.Reply.Try(out _, out var trouble))
        {
            NotExamined(logger, trouble.Text);
            return false;
        }

        foreach (var finding in ConfigurationChecks.Of(kamailio with { HasBootList = kamailio.HasBootList || hasBootList }).Where(static finding => finding.Severity is Severity.Warning or Severity.Error))
        {
            Found(logger, finding.Severity == Severity.Error ? LogLevel.Error : LogLevel.Warning, finding.Check, finding.Text, finding.Fix ?? "kamrpc doctor");
        }

        return true;
    }

    [LoggerMessage(EventId = 5000, Message = "{Check}: {Text}. To mend it: {Fix}")]
    private static partial void Found(ILogger logger, LogLevel level, string check, string text, string fix);

    [LoggerMessage(5001, LogLevel.Debug, "Kamailio's configuration could not be looked at: {Reason}")]
    private static partial void NotExamined(ILogger logger, string reason);
}

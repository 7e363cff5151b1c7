using KamRpcDispatcher.Doctor.Observations.Sockets;

namespace KamRpcDispatcher.Doctor.Checks.Sockets;

/// <summary>
/// In a container beside Kamailio's: what is wrong because the two have too little in common is set right in the compose file, by an option of
/// <c>docker run</c> or in the pod, and not by a unit.
/// </summary>
internal static class ContainerAdvice
{
    /// <param name="findings">Of every check.</param>
    /// <param name="container">Null when this is none.</param>
    public static IReadOnlyList<Finding> Add(IReadOnlyList<Finding> findings, ContainerObservation? container) =>
        container is null ? findings : [.. findings.Select(finding => Adapt(finding, container))];

    private static Finding Adapt(Finding finding, ContainerObservation container) => finding switch
    {
        { Check: "kamailio.reachable" or "kamailio.reply-directory", Severity: Severity.Error } => With(finding, Reaching(container)),
        { Check: "kamailio.socket", Severity: Severity.Unknown } => With(finding, Reaching(container)),
        { Check: "kamailio.reply-directory", Severity: Severity.Ok or Severity.Unknown } when container.HasRepliesElsewhere => Finding.Error(
            finding.Check,
            $"{finding.Text}; not on {container.SocketMount?.Point ?? "the volume"}, which Kamailio's container has too, and no reply comes",
            ReplyLine(container)),
        { Check: "kamailio.processes", Severity: Severity.Warning } => With(finding, Watching(container)),
        _ => finding,
    };

    private static Finding With(Finding finding, string? line) => line is null ? finding : finding with { Fix = line };

    /// <summary>Null where the container is not to blame.</summary>
    private static string? Reaching(ContainerObservation container) =>
        container.IsAnswered ? null
        : !container.HasVolume ? VolumeLine(container)
        : container.IsStranger ? UserLine(container.Owner!.Value)
        : container.HasRepliesElsewhere ? ReplyLine(container)
        : null;

    private static string? Watching(ContainerObservation container) =>
        container.Kamailio is not { } kamailio ? ProcessesLine
        : container.Self != kamailio && container.Self.User != 0 ? UserLine(kamailio)
        : null;

    private const string ProcessesLine = "compose: pid: host, for Kamailio's service too; docker run --pid host, for both; pod: shareProcessNamespace: true";

    private static string VolumeLine(ContainerObservation container) =>
        $"compose: volumes: [\"kamailio-run:{container.SocketDirectory}\"], for Kamailio's service too; docker run -v kamailio-run:{container.SocketDirectory}, for both; pod: an emptyDir, mounted there in both";

    private static string ReplyLine(ContainerObservation container) =>
        $"compose: environment: {{ KAMRPC_REPLY_DIR: {container.SocketDirectory}/kamrpc }}; docker run -e KAMRPC_REPLY_DIR={container.SocketDirectory}/kamrpc; pod: the same under env";

    private static string UserLine(ContainerUser user) => FormattableString.Invariant(
        $"compose: user: \"{user}\"; docker run --user {user}; pod: runAsUser: {user.User} and runAsGroup: {user.Group}, Kamailio's user and group");
}

using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Announce;
using KamRpcDispatcher.Announce.Idle;
using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Announce;

/// <summary>The options of <c>kamrpc announce</c> that say what is waited for when it is stopped.</summary>
internal static class LeaveOptions
{
    private static readonly Option<string?> Idle = CommonOptions.Text("--idle", "exec:COMMAND that exits with 0 when the server has no calls any more. [default: asks Asterisk, with --ami]", OptionGroup.Server);
    private static readonly Option<string?> Ami = CommonOptions.Text("--ami", $"Asterisk's manager interface, such as {AmiAddress.Default}: tells its calls, and at once when it shuts down or dies.", OptionGroup.Server);
    private static readonly Option<string?> AmiUser = CommonOptions.Text("--ami-user", "With --ami: the user in manager.conf, with read = system and write = reporting. [default: kamrpc]", OptionGroup.Server);
    private static readonly Option<string?> AmiSecretFile = CommonOptions.FileName("--ami-secret-file", "With --ami: a file with the user's secret, mode 600.", OptionGroup.Server);
    private static readonly Option<string?> Maintenance = CommonOptions.Text("--maintenance", "With --ami: Kamailio's endpoint in pjsip.conf, or all, which is in Asterisk's maintenance mode while it is drained: new calls are refused there, and none are made.", OptionGroup.Server);
    private static readonly Option<string?> DrainTimeout = CommonOptions.Text("--drain-timeout", "When stopped: how long calls that are up may go on. [default: 60s; 0s without --ami or --idle]", OptionGroup.Timing);
    private static readonly ValueOption<TimeSpan> AckTimeout = new("--ack-timeout", "When stopped: how long the proxies may take to say that they send no more calls.", "10s", ParseWait, OptionGroup.Timing);

    public static void AddTo(Command command) => CommonOptions.Add(command, Ami, AmiUser, AmiSecretFile, Maintenance, Idle, DrainTimeout, AckTimeout);

    public static Func<AnnouncerOptions, AnnouncerOptions> Read(OptionReader options)
    {
        var idle = options.Value<IIdleCheck>(Idle, null, ParseIdle);
        var asterisk = ReadAsterisk(options);
        var drain = options.Value<TimeSpan>(DrainTimeout, idle is null && asterisk is null ? "0s" : "60s", ParseWait);
        var acknowledge = options.Value(AckTimeout);
        return announcer => announcer with { Asterisk = asterisk, Idle = idle, DrainTimeout = drain, AcknowledgeTimeout = acknowledge };
    }

    private static AsteriskAccess? ReadAsterisk(OptionReader options)
    {
        var address = options.Value<AmiAddress>(Ami, null, AmiAddress.TryParse);
        var file = options.Value<string>(AmiSecretFile, null, CommonOptions.ExistingFile);
        var endpoint = options.Value<string>(Maintenance, null, Endpoint);
        if (options.Text(Ami) is null)
        {
            foreach (var option in ((Option<string?>[])[AmiUser, AmiSecretFile, Maintenance]).Where(option => options.Text(option) is not null))
            {
                options.Add(option, $"goes with {Ami.Name}, which is not given");
            }

            return null;
        }

        if (options.Text(AmiSecretFile) is null)
        {
            options.Add(Ami, $"needs {AmiSecretFile.Name}: a file with the secret of the user in manager.conf");
        }

        if (address is null || file is null)
        {
            return null;
        }

        try
        {
            CommonOptions.WarnIfPublic(AmiSecretFile, file);
            return new AsteriskAccess(address, AmiCredentials.FromFile(options.Text(AmiUser) ?? "kamrpc", file)) { Maintenance = endpoint };
        }
        catch (Exception wrong) when (wrong is ArgumentException or IOException or UnauthorizedAccessException)
        {
            options.Add(AmiSecretFile, $"'{file}': {wrong.Message}");
            return null;
        }
    }

    /// <summary>It is sent to Asterisk in a line.</summary>
    private static bool Endpoint(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error) => CommonOptions.Checked(
        text,
        static name => name.Trim().Length == 0 || name.Length > MemberValidation.MaxNameLength || name.Any(char.IsControl) ? $"'{SafeText.Shorten(name)}' is not the name of an endpoint in pjsip.conf" : null,
        out value,
        out error);

    private static bool ParseIdle(string text, [NotNullWhen(true)] out IIdleCheck? value, [NotNullWhen(false)] out string? error)
    {
        value = ExecCommand.TryParse(text, timeout: null, out var command) ? new CommandIdle(command) : null;
        error = value is null ? $"'{SafeText.Shorten(text)}' is not exec:COMMAND" : null;
        return error is null;
    }

    private static bool ParseWait(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Duration(text, TimeSpan.Zero, TimeSpan.FromHours(24), out value, out error);
}

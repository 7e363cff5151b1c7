using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KamailioRpc;

namespace KamRpcDispatcher.Asterisk.Ami;

/// <summary>A connection to AMI that is logged in. Thread-safe.</summary>
internal sealed class AmiSession : IAsyncDisposable
{
    /// <summary>How long connecting and logging in may take: Asterisk takes a second to refuse a secret.</summary>
    public static readonly TimeSpan OpenTime = TimeSpan.FromSeconds(5);

    private readonly AmiConnection _connection;

    private AmiSession(AmiConnection connection) => _connection = connection;

    /// <summary>Completes when the connection has ended, with the reason.</summary>
    public Task<AmiException> Closed => _connection.Closed;

    /// <param name="address">Where to.</param>
    /// <param name="credentials">Who logs in. The secret itself is not sent.</param>
    /// <param name="onEvent">Gets FullyBooted (at once where Asterisk is booted), Shutdown and others; it must not wait.</param>
    /// <param name="time">Measures how long answers take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="AmiException">The type says why there is none.</exception>
    public static async Task<AmiSession> OpenAsync(
        AmiAddress address, AmiCredentials credentials, Action<AmiMessage> onEvent, TimeProvider time, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(OpenTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var session = new AmiSession(new AmiConnection(address, onEvent, time));
        try
        {
            await session._connection.OpenAsync(either.Token).ConfigureAwait(false);
            await session.LogInAsync(credentials, either.Token).ConfigureAwait(false);
            return session;
        }
        catch (Exception exception)
        {
            await session.DisposeAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (exception is OperationCanceledException)
            {
                throw new AmiUnreachableException(address, $"no login within {DurationText.Of(OpenTime)}", exception);
            }

            throw;
        }
    }

    /// <exception cref="AmiException">It cannot be known; the type says why.</exception>
    public async Task<AsteriskCount> CountAsync(CancellationToken cancellationToken)
    {
        var calls = Number(await AskAsync("CoreStatus", [], cancellationToken).ConfigureAwait(false), "CoreCurrentCalls");
        if (calls > 0)
        {
            return new AsteriskCount(calls, null);
        }

        var end = await _connection.CallAsync(
            "CoreShowChannels", static message => message.Is("EventList", "Complete"), [], cancellationToken).ConfigureAwait(false);
        return new AsteriskCount(calls, Number(end, "ListItems"));
    }

    /// <exception cref="AmiException">Asterisk is shutting down, hangs or is gone; the type says which.</exception>
    public Task PingAsync(CancellationToken cancellationToken) => AskAsync("Ping", [], cancellationToken);

    /// <summary>Whether an endpoint of PJSIP is in maintenance mode: Asterisk 20.20, 22.10 and 23.4 have that.</summary>
    /// <exception cref="AmiException">It cannot be known; the type says why.</exception>
    public async Task<bool> IsInMaintenanceAsync(string endpoint, CancellationToken cancellationToken)
    {
        var status = await _connection.CallAsync(
            "PJSIPShowMaintenance", static message => message.Is("Event", MaintenanceMode.Event), [("Endpoint", endpoint)], cancellationToken).ConfigureAwait(false);
        return status.Is("Status", MaintenanceMode.On);
    }

    /// <summary>How many endpoints of PJSIP are in maintenance mode.</summary>
    /// <exception cref="AmiException">It cannot be known; the type says why.</exception>
    public async Task<int> CountInMaintenanceAsync(CancellationToken cancellationToken) => Number(
        await _connection.CallAsync("PJSIPShowMaintenance", static message => message.Is("EventList", "Complete"), [], cancellationToken).ConfigureAwait(false), "ListItems");

    /// <summary>Puts an endpoint of PJSIP, or <c>all</c>, into maintenance mode, or out of it. In it new calls are answered 503, and none are made; those that are up go on.</summary>
    /// <exception cref="AmiException">It is not done, or nobody knows; the type says why.</exception>
    public Task SetMaintenanceAsync(string endpoint, bool isOn, CancellationToken cancellationToken) =>
        AskAsync("PJSIPSetMaintenance", [("Endpoint", endpoint), ("State", isOn ? "on" : "off")], cancellationToken);

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    [SuppressMessage("Security", "CA5351:Do Not Use Broken Cryptographic Algorithms", Justification = "AMI knows no other challenge.")]
    private static string Digest(string text)
    {
        try
        {
            return Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
        }
        catch (CryptographicException exception)
        {
            throw new AmiProtocolException($"this machine's OpenSSL makes no MD5 ({exception.Message}), which Asterisk's challenge asks for, as in FIPS mode: --idle exec:COMMAND in place of --ami");
        }
    }

    private async Task LogInAsync(AmiCredentials credentials, CancellationToken cancellationToken)
    {
        var challenge = (await AskAsync("Challenge", [("AuthType", "MD5")], cancellationToken).ConfigureAwait(false))["Challenge"]
            ?? throw new AmiProtocolException("Asterisk's challenge is missing.");
        var key = Digest(challenge + credentials.Secret);

        // "system" has FullyBooted and Shutdown, and little else; without a mask every event of every call would come.
        await AskAsync("Login", [("AuthType", "MD5"), ("Username", credentials.User), ("Key", key), ("Events", "system")], cancellationToken).ConfigureAwait(false);
    }

    private Task<AmiMessage> AskAsync(string action, IReadOnlyList<(string Name, string Value)> fields, CancellationToken cancellationToken) =>
        _connection.CallAsync(action, static message => message.IsResponse, fields, cancellationToken);

    private static int Number(AmiMessage message, string field) =>
        int.TryParse(message[field], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new AmiProtocolException($"Asterisk's answer has no number {field}.");
}

using KamRpcDispatcher.Asterisk.Ami;

namespace KamRpcDispatcher.Asterisk;

/// <summary>
/// Whether Asterisk takes new calls of Kamailio's by its endpoint, or is in maintenance mode there (res_pjsip_maintenance, Asterisk 20.20, 22.10, 23.4). What is said of other
/// endpoints, a telephone's or another trunk's, is no concern of Kamailio's.
/// </summary>
/// <param name="endpoint">Kamailio's endpoint in pjsip.conf; null where nobody says: then all have to be in maintenance mode.</param>
internal sealed class MaintenanceMode(string? endpoint)
{
    /// <summary>The event of a change, and that of an endpoint that was asked for.</summary>
    public const string Event = "PJSIPMaintenanceStatus";

    /// <summary>Its field Status of an endpoint that is in maintenance mode.</summary>
    public const string On = "enabled";

    private const string Off = "disabled";

    /// <summary>In place of an endpoint: every one.</summary>
    private const string All = "all";

    private volatile bool _isOn;

    public string Endpoint { get; } = endpoint ?? All;

    /// <summary>Whether it was in maintenance mode when Asterisk last said so.</summary>
    public bool IsOn
    {
        get => _isOn;
        set => _isOn = value;
    }

    /// <summary>Takes an event: that of a change names <c>all</c> where all were changed.</summary>
    public void Take(AmiMessage message)
    {
        if (message.Is("Event", Event) && (message.Is("Endpoint", All) || message["Endpoint"] == Endpoint))
        {
            _isOn = message.Is("Status", On) || (_isOn && !message.Is("Status", Off));
        }
    }

    /// <summary>Asks a new connection: what was said over the one before may be long ago, and a start of Asterisk ends it.</summary>
    /// <exception cref="AmiException">There is no answer, or an Asterisk that does not know it.</exception>
    public async Task AskAsync(AmiSession session, CancellationToken cancellationToken)
    {
        if (Endpoint != All)
        {
            _isOn = await session.IsInMaintenanceAsync(Endpoint, cancellationToken).ConfigureAwait(false);
        }
        else if (_isOn)
        {
            // Asterisk tells who is, and not whether these are all.
            _isOn = await session.CountInMaintenanceAsync(cancellationToken).ConfigureAwait(false) > 0;
        }
    }
}

namespace KamRpcDispatcher.Probe.Sip;

/// <summary>How a server is asked by SIP.</summary>
public sealed record SipProbeOptions
{
    /// <summary>The answers of a server that can take calls. 503 is <see cref="ProbeVerdict.Leaving"/> unless it is among them by number; every other is dead.</summary>
    public SipStatusCodes Alive { get; init; } = SipStatusCodes.Parse(SipStatusCodes.Default);

    /// <summary>For one probe in all: name, connection, handshake and answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// PEM file of the authorities by which a server's certificate and its name are verified. Null: they are not, because the probe asks
    /// whether something answers; whom to trust with calls is Kamailio's to decide.
    /// </summary>
    public string? CaFile { get; init; }

    /// <summary>PEM file with the certificate that is shown to a server that asks for one; null for none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file with its private key, not encrypted.</summary>
    public string? KeyFile { get; init; }
}

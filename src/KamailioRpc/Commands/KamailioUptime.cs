namespace KamailioRpc.Commands;

/// <summary>What <c>core.uptime</c> answers.</summary>
/// <param name="Now">Kamailio's clock, as the C library words it, such as <c>Tue Nov 24 15:42:47 2026</c>, in Kamailio's time zone.</param>
/// <param name="UpSince">When it was started, to the second, worded the same way.</param>
/// <param name="Uptime">For how long it runs, in whole seconds.</param>
public sealed record KamailioUptime(string Now, string UpSince, TimeSpan Uptime);

namespace KamRpcDispatcher.Testing;

/// <summary>How much load a test may make. More than the default has to be asked for.</summary>
/// <param name="MostPerSecond">Calls started in a second.</param>
/// <param name="Longest">For how long calls are started.</param>
public sealed record SipLoadLimits(int MostPerSecond, TimeSpan Longest)
{
    public static SipLoadLimits Default { get; } = new(100, TimeSpan.FromSeconds(20));

    /// <summary>For the tests that wear Kamailio out.</summary>
    public static SipLoadLimits Endurance { get; } = new(500, TimeSpan.FromMinutes(30));
}

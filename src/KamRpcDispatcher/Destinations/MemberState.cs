namespace KamRpcDispatcher.Destinations;

/// <summary>What a member says of itself.</summary>
public enum MemberState
{
    /// <summary>Takes calls.</summary>
    Ready,

    /// <summary>Finishes its calls, takes no new ones.</summary>
    Draining,

    /// <summary>Cannot take calls.</summary>
    Down,
}

/// <summary>The states as records, reports, answers and logs name them.</summary>
public static class MemberStateName
{
    /// <summary>The names that there are, as people are told of them.</summary>
    public const string All = "ready, draining or down";

    /// <summary>The name of a state.</summary>
    public static string Of(MemberState state) => state switch
    {
        MemberState.Draining => "draining",
        MemberState.Down => "down",
        _ => "ready",
    };

    /// <summary>Null for a name that is not known.</summary>
    public static MemberState? Find(string name) => name switch
    {
        "ready" => MemberState.Ready,
        "draining" => MemberState.Draining,
        "down" => MemberState.Down,
        _ => null,
    };
}

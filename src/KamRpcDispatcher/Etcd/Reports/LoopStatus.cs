namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>What the loop of a dispatcher was at when its report was written, by the clock of its host that nobody sets.</summary>
/// <param name="Step">One of <see cref="LoopStep"/>; a newer version may know others.</param>
/// <param name="For">How long it had been at that.</param>
/// <param name="Longest">How long that may take.</param>
public sealed record LoopStatus(string Step, TimeSpan For, TimeSpan Longest)
{
    /// <summary>What a machine under load may take longer.</summary>
    public static TimeSpan Slack { get; } = TimeSpan.FromSeconds(8);

    /// <summary>Whether it should have gone on long ago: nothing is followed, and what the report says of Kamailio's list is of before.</summary>
    public bool Hangs => For > Longest + Slack;

    /// <summary>For how long nothing needs to be read.</summary>
    internal TimeSpan Rest => Step == LoopStep.Rest ? Longest : TimeSpan.Zero;
}

/// <summary>The steps of <see cref="LoopStatus"/>, as they stand in reports.</summary>
public static class LoopStep
{
    /// <summary>Nothing is to be done until something happens, or it is time to read again.</summary>
    public const string Rest = "rest";

    /// <summary>Compares, plans, asks name servers and whoever else has to be asked.</summary>
    public const string Work = "work";

    /// <summary>Has called Kamailio.</summary>
    public const string Call = "call";

    /// <summary>Waits for the end of a grace period.</summary>
    public const string Grace = "grace";
}

namespace KamRpcDispatcher.Probe;

/// <summary>What one probe of a server came to.</summary>
public enum ProbeVerdict
{
    /// <summary>It can take calls.</summary>
    Alive,

    /// <summary>It works, and asks for no more calls.</summary>
    Leaving,

    /// <summary>It did not answer, or not as a server does that can take calls.</summary>
    Dead,

    /// <summary>It was not asked: this machine, or this process, had no means to.</summary>
    Unknown,
}

namespace KamRpcDispatcher.Processes;

/// <summary>Reads how much a process has done in its life.</summary>
internal interface IProcessMovement
{
    /// <summary>Null when it cannot be read.</summary>
    Movement? Read(int pid);
}

/// <summary>What a process has done, which only ever grows.</summary>
/// <param name="Switches">How often it has given up the processor or was made to: context switches, of all its threads.</param>
/// <param name="Processor">For how long it has computed, in its own code and in the kernel.</param>
internal readonly record struct Movement(long Switches, TimeSpan Processor);

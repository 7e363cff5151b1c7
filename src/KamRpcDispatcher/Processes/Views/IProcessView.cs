using KamailioRpc.Commands;

namespace KamRpcDispatcher.Processes.Views;

/// <summary>Observes Kamailio's processes from outside.</summary>
internal interface IProcessView
{
    /// <summary>How it observes, for logs and reports.</summary>
    string Name { get; }

    /// <summary>Makes sure that these are the processes seen under these ids here; null when they are and can be seen, else why not and what helps.</summary>
    string? Check(IReadOnlyList<KamailioProcess> processes);

    /// <summary>Reads once. Only after <see cref="Check"/> found nothing wrong.</summary>
    ProcessActivity ActivityOf(KamailioProcess process);
}

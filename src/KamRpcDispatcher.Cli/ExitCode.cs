using KamailioRpc.Errors;
using KamRpcDispatcher.Push.Reading;

namespace KamRpcDispatcher.Cli;

/// <summary>The exit codes of every command.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Not done.</summary>
    public const int NotDone = 1;

    /// <summary>Wrong options or arguments.</summary>
    public const int Usage = 2;

    /// <summary>etcd or Kamailio cannot be reached.</summary>
    public const int Unreachable = 3;

    /// <summary>Refused, because it would not be safe.</summary>
    public const int Refused = 4;

    /// <summary>Nothing was wrong, and there is something that would be changed.</summary>
    public const int Changes = 5;

    /// <summary>That of a command that Kamailio has not done: it answered, and would not do it (its dispatcher module is not loaded, say), or it does not answer.</summary>
    public static int Of(KamailioRpcException exception) => exception is KamailioFaultException or KamailioMalformedReplyException or ListTooLongException ? NotDone : Unreachable;
}

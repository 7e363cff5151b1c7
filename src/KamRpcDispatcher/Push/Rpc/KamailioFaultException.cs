namespace KamRpcDispatcher.Push.Rpc;

/// <summary>Kamailio answered with a fault: it has the request and did not do it.</summary>
public sealed class KamailioFaultException : KamailioRpcException
{
    public KamailioFaultException(string method, int code, string faultMessage)
        : base($"{method}: Kamailio answers {code} \"{faultMessage}\"", null)
    {
        Code = code;
        FaultMessage = faultMessage;
    }

    /// <summary>The fault's code, 500 for most of the dispatcher's, -32601 for an unknown method.</summary>
    public int Code { get; }

    /// <summary>The fault's message, as Kamailio words it.</summary>
    public string FaultMessage { get; }

    public override bool IsTransient => false;
}

namespace KamailioRpc.Errors;

/// <summary>Kamailio answered with a fault: it has the request and did not do it.</summary>
public sealed class KamailioFaultException : KamailioRpcException
{
    private const int UnknownMethod = -32601;

    /// <param name="method">The method that was called.</param>
    /// <param name="code">The fault's code.</param>
    /// <param name="faultMessage">What Kamailio says of it.</param>
    public KamailioFaultException(string method, int code, string faultMessage)
        : base($"{method}: Kamailio answers {code} \"{faultMessage}\"", null)
    {
        Code = code;
        FaultMessage = faultMessage;
    }

    /// <summary>The fault's code, 500 for most of the dispatcher's.</summary>
    public int Code { get; }

    /// <summary>The fault's message, as Kamailio words it.</summary>
    public string FaultMessage { get; }

    /// <summary>Whether Kamailio does not know the method: an older release, or a module that is not loaded.</summary>
    public bool IsUnknownMethod => Code == UnknownMethod
        || FaultMessage.Equals("Method Not Found", StringComparison.OrdinalIgnoreCase)
        || (FaultMessage.StartsWith("command ", StringComparison.Ordinal) && FaultMessage.EndsWith(" not found", StringComparison.Ordinal));

    /// <inheritdoc/>
    public override bool IsTransient => false;
}

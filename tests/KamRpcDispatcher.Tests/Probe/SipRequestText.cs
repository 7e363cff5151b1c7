namespace KamRpcDispatcher.Tests.Probe;

/// <summary>A request as a test server reads it, and answers to it.</summary>
internal sealed record SipRequestText(string Text)
{
    private const string BranchParameter = ";branch=";

    public string Branch => Field("Via")[(Field("Via").IndexOf(BranchParameter, StringComparison.Ordinal) + BranchParameter.Length)..];

    public string Field(string name) =>
        Text.Split("\r\n").First(line => line.StartsWith(name + ": ", StringComparison.Ordinal))[(name.Length + 2)..];

    /// <param name="status">Such as "200 OK".</param>
    /// <param name="fields">More of them, each with its line end.</param>
    public string Answer(string status, string fields = "Content-Length: 0\r\n") =>
        $"SIP/2.0 {status}\r\nVia: {Field("Via")}\r\nFrom: {Field("From")}\r\nTo: {Field("To")};tag=1\r\nCall-ID: {Field("Call-ID")}\r\nCSeq: {Field("CSeq")}\r\n{fields}\r\n";
}

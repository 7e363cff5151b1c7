namespace KamRpcDispatcher.Probe;

public sealed record ProbeOutcome(ProbeVerdict Verdict, string Reason);

namespace KamRpcDispatcher.Doctor.Observations.Configured;

/// <summary>The value of a module's parameter, and who says so.</summary>
internal sealed record Parameter(int Value, string Source);

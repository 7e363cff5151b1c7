using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>What a <see cref="StructuralChangeRun"/> came to.</summary>
/// <param name="Changes">Structural changes that the dispatcher logged.</param>
/// <param name="Seconds">The time that they took.</param>
/// <param name="Calls">The calls beside them.</param>
internal sealed record StructuralChangeFigures(int Changes, double Seconds, SipLoadResult Calls)
{
    public override string ToString() => $"{Changes} structural changes in {Seconds:0.0} s, {Changes / Seconds:0} a second; calls: {Calls}";
}

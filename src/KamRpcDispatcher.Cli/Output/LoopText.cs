using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Output;

/// <summary>What a dispatcher's loop is at, in words.</summary>
internal static class LoopText
{
    /// <summary><c>waits for the end of a grace period, for 12s of 31s at most</c>.</summary>
    public static string Of(LoopStatus loop)
    {
        var step = loop.Step switch
        {
            LoopStep.Rest => "rests",
            LoopStep.Work => "compares and plans",
            LoopStep.Call => "waits for a reply from Kamailio",
            LoopStep.Grace => "waits for the end of a grace period",
            _ => $"at '{SafeText.Shorten(loop.Step, 20)}'",
        };
        return $"{step}, for {Ages.Show(loop.For)}{(loop.Longest >= TimeSpan.FromSeconds(1) ? $" of {Ages.Show(loop.Longest)} at most" : string.Empty)}";
    }
}

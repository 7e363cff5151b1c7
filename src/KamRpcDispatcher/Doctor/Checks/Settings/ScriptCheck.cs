using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Settings;

/// <summary>Whether the script does what must not be done beside a dispatcher, or what stops Kamailio's RPC interface, or arms what is not there.</summary>
internal static class ScriptCheck
{
    private const string Name = "kamailio.script";
    private static readonly string[] Writers = ["dispatcher.add", "dispatcher.remove", "dispatcher.reload"];

    public static IEnumerable<Finding> Of(KamailioObservation kamailio)
    {
        if (!kamailio.Config.Try(out var config, out var trouble))
        {
            return [Finding.Unknown(Name, trouble, "--kamailio-cfg FILE")];
        }

        var findings = config.UnreadScripts.Select(static script => Finding.Unknown(Name, $"{script}: run kamrpc as a user that may read it"))
            .Concat(config.Calls.Select(call => Of(call, Releases.HasCountedTable(kamailio))).OfType<Finding>())
            .Concat(MissingRoutes.Of(config).Where(static missing => !MissingRoutes.IsCalled(missing.Call)).Select(Of).Distinct()).ToList();
        return findings.Count > 0 ? findings : [Finding.Ok(Name, $"{config.Files[0]} neither reloads nor changes the table of destinations")];
    }

    private static Finding? Of(ScriptCall call, bool hasCountedTable) => call.Function switch
    {
        "ds_is_active" => hasCountedTable
            ? Finding.Error(
                Name,
                $"{call.Place} calls ds_is_active(), which from 6.2 on keeps the table for good: the second add, remove or reload after it never returns, nor does anything else over that transport",
                "select the destination, and see whether that succeeds, in place of ds_is_active()")
            : Finding.Ok(Name, $"{call.Place} calls ds_is_active(): well up to 6.1; from 6.2 on it keeps the table for good, and stops the RPC interface"),
        "ds_reload" => Writer(call, "ds_reload()", hasCountedTable),
        "jsonrpc_exec" when Array.Exists(Writers, writer => call.Text.Contains(writer, StringComparison.OrdinalIgnoreCase)) =>
            Writer(call, $"jsonrpc_exec() of {Writers.First(writer => call.Text.Contains(writer, StringComparison.OrdinalIgnoreCase))}", hasCountedTable),
        "jsonrpc_exec" when call.Text.Contains('$', StringComparison.Ordinal) => Finding.Warning(
            Name,
            $"{call.Place} carries out by jsonrpc_exec() what a variable says: if that is dispatcher.add, remove or reload, it corrupts Kamailio's memory",
            "no dispatcher.add, remove or reload by jsonrpc_exec()"),
        _ => null,
    };

    /// <summary>One that is called and not there keeps Kamailio from starting.</summary>
    private static Finding Of((ScriptCall Call, string Block) missing) => Finding.Warning(
        Name,
        $"{missing.Call.Place} arms {missing.Block}, which is not there: {MissingRoutes.LeftOut}",
        $"write the block, or correct the name in {missing.Call.Function}({missing.Call.Text.Trim()})");

    private static Finding Writer(ScriptCall call, string what, bool hasCountedTable) => Finding.Error(
        Name,
        $"{call.Place} calls {what}{(call.Route.Length > 0 ? $" in {call.Route}" : string.Empty)}: " + (call.IsWithinStateChange
            ? hasCountedTable
                ? "the dispatcher runs that block while it holds the table, and from 6.2 on the change waits for itself, for ever"
                : "the dispatcher runs that block in the middle of its work on the table, which is freed under it; from 6.2 on it waits for itself, for ever"
            : hasCountedTable
                ? "what kamrpc added is gone until it looks again"
                : "one more writer, in every worker: at the same time as another change it corrupts Kamailio's memory (up to 6.1), and what kamrpc added is gone"),
        $"take it out of {call.Place}");
}

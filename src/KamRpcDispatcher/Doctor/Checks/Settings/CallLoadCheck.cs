using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Settings;

/// <summary>Whether the calls of destinations are counted, and their ends seen, where algorithm 10 wants that.</summary>
internal static class CallLoadCheck
{
    private const string Name = "kamailio.call-load";
    private const int CallLoad = 10;
    private const string SnippetsReply = "KAMRPC_REPLY";
    private const string Answered = "KAMRPC_CALL_ANSWERED";
    private const string Ended = "KAMRPC_CALL_ENDED";
    private const string Update = "ds_load_update";

    public static IEnumerable<Finding> Of(KamailioObservation kamailio)
    {
        if (!kamailio.List.Try(out var list, out var trouble))
        {
            return [Finding.Unknown(Name, trouble)];
        }

        var limited = list.Destinations.Where(static destination => destination.MaxLoad > 0).ToList();
        if (limited.Count == 0 && !Algorithms.Of(kamailio).Contains(CallLoad))
        {
            return [Finding.Ok(Name, "no destination has a maxload, and no call of the script names algorithm 10")];
        }

        var who = limited.Count > 0 ? $"{Wording.Count(limited.Count, "destination")} with maxload" : "algorithm 10";

        // The list shows the counts where there are any, whatever the configuration says.
        var isCounted = list.Destinations.Any(static destination => destination.DialogLoad is not null);
        if (!isCounted && !kamailio.CallSlots.Try(out _, out trouble))
        {
            return [Finding.Unknown(Name, trouble with { Text = $"{who}: ds_hash_size is not known: {trouble}" }, "--kamailio-cfg FILE")];
        }

        if (!isCounted && kamailio.CallSlots.Try(out var slots, out _) && slots.Value <= 0)
        {
            return [Finding.Error(
                Name,
                FormattableString.Invariant($"{who}, but ds_hash_size is {slots.Value} ({slots.Source}): no calls are counted, and algorithm 10 gives every call to the first destination, whatever its maxload"),
                kamailio.Algorithm is null ? "modparam(\"dispatcher\", \"ds_hash_size\", 10)" : "#!define KAMRPC_CALL_LOAD")];
        }

        var findings = OfEnds(kamailio).ToList();
        var nameless = limited.Where(static destination => destination.Duid.Length == 0).Select(static destination => destination.Uri).ToList();
        if (nameless.Count > 0)
        {
            findings.Add(Finding.Warning(Name, $"without a duid calls are not counted: {Wording.List(nameless)}", "duid=NAME in the attributes of each destination of the set"));
        }

        return findings.Count > 0 ? findings : [Finding.Ok(Name, $"{who}: calls are counted")];
    }

    /// <summary>Whether the script tells the module of the ends of calls: else each counts for hours.</summary>
    private static IEnumerable<Finding> OfEnds(KamailioObservation kamailio)
    {
        if (!kamailio.Config.Try(out var config, out _))
        {
            yield break;
        }

        // The snippet's own routes call the module's function; what counts is who calls the routes.
        var updates = config.Calls.Where(static call => call.Function == Update && !call.Route.Contains("KAMRPC_", StringComparison.Ordinal)).ToList();
        if (updates.Count == 0 && !Calls(config, Ended))
        {
            yield return Finding.Error(
                Name,
                "nobody tells the module of a BYE, so that every call counts until ds_hash_expire (2 hours), and soon there is no room for another",
                "route(KAMRPC_CALL_ENDED); for requests within a dialog");
        }

        var own = config.Calls.FirstOrDefault(static call => call.Function == "t_on_reply" && call.Arguments is [not SnippetsReply, ..]);
        if (own is not null && updates.Count == 0 && !config.Calls.Any(static call => IsRoute(call, Answered) && !call.Route.Contains("KAMRPC_", StringComparison.Ordinal)))
        {
            yield return Finding.Warning(
                Name,
                $"{own.Place} arms {own.Arguments[0]} for replies, which takes the place of the snippet's own: an answered call is forgotten after KAMRPC_CALL_SETUP_EXPIRE",
                $"route({Answered}); in onreply_route[{own.Arguments[0]}]");
        }
    }

    private static bool Calls(KamailioConfig config, string route) => config.Calls.Any(call => IsRoute(call, route));

    private static bool IsRoute(ScriptCall call, string route) => call.Function == "route" && call.Arguments is [var name, ..] && name == route;
}

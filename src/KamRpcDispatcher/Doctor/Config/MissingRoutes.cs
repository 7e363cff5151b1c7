using System.Text.RegularExpressions;
using KamRpcDispatcher.Doctor.Config.Reading;

namespace KamRpcDispatcher.Doctor.Config;

/// <summary>The routes that a config calls or arms, and that it does not have. <c>kamailio -c</c> looks up none of them.</summary>
internal static partial class MissingRoutes
{
    /// <summary>What comes of one that is armed: a line in Kamailio's log at its start ("empty/non existing route"), and no more. One that is called is the end of that start.</summary>
    public const string LeftOut = "Kamailio starts, and leaves out what it is to do";

    private static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["route"] = "route", ["t_on_branch"] = "branch_route", ["t_on_failure"] = "failure_route", ["t_on_reply"] = "onreply_route",
    };

    /// <summary>Each with the head of the block that is missing. Of scripts of KEMI, where they are functions, none.</summary>
    public static IEnumerable<(ScriptCall Call, string Block)> Of(KamailioConfig config)
    {
        // What could not be read may have them.
        if (config.Unread.Count > 0)
        {
            return [];
        }

        var blocks = config.Lines.Where(static line => line.Word == ConfigWord.Block).Select(static line => line.Name).ToHashSet(StringComparer.Ordinal);
        return from call in config.Calls
               where Kinds.ContainsKey(call.Function) && call.Route.Length > 0 && call.IsCertain && IsName(call.Arguments) && call.Arguments[0] != "0"
               let block = $"{Kinds[call.Function]}[{call.Arguments[0]}]"
               where !blocks.Contains(block)
               select (call, block);
    }

    /// <summary>Whether a route is named, and not computed.</summary>
    public static bool IsName(IReadOnlyList<string> arguments) => arguments is [var name] && PlainName().IsMatch(name);

    /// <summary>Whether a call ends Kamailio's start where its route is missing.</summary>
    public static bool IsCalled(ScriptCall call) => call.Function == "route";

    [GeneratedRegex(@"^[\w:.-]+$")]
    private static partial Regex PlainName();
}

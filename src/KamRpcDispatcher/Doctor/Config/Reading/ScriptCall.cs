using System.Text;

namespace KamRpcDispatcher.Doctor.Config.Reading;

/// <summary>A call in Kamailio's script that matters to somebody who changes the dispatcher's table from outside.</summary>
/// <param name="Function">Its name: <c>ds_reload</c>; <c>jsonrpc_exec</c> also for <c>KSR.jsonrpcs.exec</c>.</param>
/// <param name="Text">What stands between its parentheses.</param>
/// <param name="Arguments">The same, taken apart: without quotes, defines replaced.</param>
/// <param name="Route">The block that it stands in, <c>event_route[dispatcher:dst-up]</c>; empty when not known.</param>
/// <param name="IsCertain">Whether the line is in force for sure: it may depend on a condition that only Kamailio can evaluate.</param>
/// <param name="Place">Where it is: <c>/etc/kamailio/kamailio.cfg:12</c>.</param>
internal sealed record ScriptCall(string Function, string Text, IReadOnlyList<string> Arguments, string Route, bool IsCertain, string Place)
{
    /// <summary>How many of <see cref="KamailioConfig.Lines"/> Kamailio reads before it, roughly: exact for includes.</summary>
    public int Order { get; init; }

    /// <summary>Whether the dispatcher runs it when the state of a destination changes, within its own work on the table.</summary>
    public bool IsWithinStateChange => Route.StartsWith("event_route[dispatcher:dst-", StringComparison.Ordinal);

    /// <summary>Takes arguments apart at the commas that stand neither in quotes nor in parentheses.</summary>
    internal static IReadOnlyList<string> Split(string text, Defines defines)
    {
        var arguments = new List<string>();
        var (argument, quote, depth) = (new StringBuilder(), '\0', 0);
        foreach (var letter in text)
        {
            if (letter == ',' && quote == '\0' && depth == 0)
            {
                Add();
                continue;
            }

            if (quote != '\0')
            {
                quote = letter == quote ? '\0' : quote;
            }
            else if (letter is '"' or '\'')
            {
                quote = letter;
            }
            else
            {
                depth += letter switch { '(' => 1, ')' => -1, _ => 0 };
            }

            argument.Append(letter);
        }

        Add();
        return arguments;

        void Add()
        {
            arguments.Add(defines.Replace(argument.ToString().Trim()).Trim('"', '\''));
            argument.Clear();
        }
    }
}

using System.CommandLine;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>
/// What <c>--ignore</c> names: of <c>status</c> codes of findings, of <c>doctor</c> checks. The variable is one for both, and one file of variables may
/// serve both, so each passes over there what is the other's.
/// </summary>
internal static class IgnoredNames
{
    public static HashSet<string> OfStatus(OptionReader options, Option<string[]> option) => Read(options, option, IsFinding, IsCheck, static wrong =>
        $"there is no finding '{SafeText.Shorten(wrong)}'; there are {string.Join(", ", FindingCode.All)}, and {FindingCode.Trouble}KIND");

    public static HashSet<string> OfDoctor(OptionReader options, Option<string[]> option) => Read(options, option, IsCheck, IsFinding, static wrong =>
    {
        var near = NearNames.Of(wrong, Checkup.CheckNames);
        return $"there is no check '{SafeText.Shorten(wrong)}'; {(near.Count > 0 ? $"did you mean {string.Join(" or ", near)}?" : $"there are {string.Join(", ", Checkup.CheckNames)}")}";
    });

    private static HashSet<string> Read(OptionReader options, Option<string[]> option, Func<string, bool> isKnown, Func<string, bool> isAnothers, Func<string, string> describe)
    {
        var names = options.Texts(option).SelectMany(static texts => texts.Split(',', StringSplitOptions.TrimEntries)).ToHashSet(StringComparer.Ordinal);
        var isVariable = options.IsVariable(option);
        foreach (var wrong in names.Where(name => !isKnown(name)).ToList())
        {
            names.Remove(wrong);
            if (!isVariable || !isAnothers(wrong))
            {
                options.Add(option, describe(wrong));
            }
        }

        return names;
    }

    private static bool IsFinding(string code) => FindingCode.All.Contains(code) || code.StartsWith(FindingCode.Trouble, StringComparison.Ordinal);

    private static bool IsCheck(string name) => Checkup.CheckNames.Contains(name);
}

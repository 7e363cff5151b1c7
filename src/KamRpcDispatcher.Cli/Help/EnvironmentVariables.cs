using System.CommandLine;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Cli.Options;

namespace KamRpcDispatcher.Cli.Help;

/// <summary>Variables that look like options and are none: nobody would see that they have no effect.</summary>
internal static partial class EnvironmentVariables
{
    /// <summary>A warning for each that is near to one that there is. Those of other commands are right: one file may serve several.</summary>
    public static IEnumerable<string> Warnings(IEnumerable<string> names, Command root)
    {
        var options = root.Subcommands.SelectMany(static command => command.Options).DistinctBy(static option => option.Name).ToDictionary(static option => option.Name);
        var known = options.Values.Select(OptionReader.Variable).Append(LastResort.StackVariable).ToHashSet();
        foreach (var name in names.Where(name => name.StartsWith(OptionReader.VariablePrefix, StringComparison.Ordinal) && !known.Contains(name) && !KubernetesService().IsMatch(name)).Order(StringComparer.Ordinal))
        {
            if (Suggestion.Near(name[OptionReader.VariablePrefix.Length..], options.Keys) is [var near, ..])
            {
                yield return $"kamrpc: warning: the variable {name} is no option, and has no effect; did you mean {OptionReader.Variable(options[near.Split(' ')[0]])}?";
            }
        }
    }

    /// <summary>What Kubernetes sets for a service that is called kamrpc, or begins so.</summary>
    [GeneratedRegex("_SERVICE_(HOST|PORT)|_PORT(_[0-9]+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)?$")]
    private static partial Regex KubernetesService();
}

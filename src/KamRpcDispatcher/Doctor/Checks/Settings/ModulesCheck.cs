using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Settings;

/// <summary>Whether the modules are loaded that the snippet in kamailio-cfg needs.</summary>
internal static class ModulesCheck
{
    private const string Name = Causes.Modules;

    private static readonly string[] Rpc = ["jsonrpcs", "ctl"];
    private static readonly string[] Snippet = ["tm", "tmx", "sl", "pv", "textops", "xlog"];

    public static Finding Of(KamailioObservation kamailio)
    {
        if (!kamailio.Modules.Try(out var modules, out var trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        if (!modules.Contains("dispatcher"))
        {
            return Finding.Error(Name, "the module dispatcher is not loaded: there is nothing to keep in step", "loadmodule \"dispatcher.so\"");
        }

        var missing = Snippet.Except(modules).ToList();
        return missing.Count == 0
            ? Finding.Ok(Name, $"dispatcher, {string.Join(" and ", Rpc.Intersect(modules))}, and what the snippet needs, are loaded")
            : Finding.Warning(
                Name,
                $"not loaded, so that the snippet of kamailio-cfg is not in use as it is: {string.Join(", ", missing)}",
                string.Join("  ", missing.Select(static module => $"loadmodule \"{module}.so\"")));
    }
}

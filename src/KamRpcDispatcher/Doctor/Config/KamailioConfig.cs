using System.Text.RegularExpressions;
using KamRpcDispatcher.Doctor.Config.Reading;

namespace KamRpcDispatcher.Doctor.Config;

/// <summary>What a Kamailio configuration says, as far as it was read.</summary>
/// <param name="Parameters">Every <c>modparam</c> in force, in order.</param>
/// <param name="Files">The files read, the first one first.</param>
/// <param name="Unread">Files that are included and could not be read, each with the reason: what they say is not known.</param>
internal sealed record KamailioConfig(IReadOnlyList<ModuleParameter> Parameters, IReadOnlyList<string> Files, IReadOnlyList<string> Unread)
{
    /// <summary>The same, by file.</summary>
    public IReadOnlyList<UnreadFile> UnreadFiles { get; init; } = [];

    /// <summary>All lines of the files that are or may be in force, without comments: for what is searched by words, and may be found once too often.</summary>
    public string Text { get; init; } = "";

    /// <summary>Where a character of <see cref="Text"/> is: <c>/etc/kamailio/kamailio.cfg:12</c>.</summary>
    public Func<int, string> PlaceOf { get; init; } = static _ => "";

    /// <summary>Defines, modules, parameters, includes and heads of blocks, in the order in which Kamailio reads them.</summary>
    public IReadOnlyList<ConfigLine> Lines { get; init; } = [];

    /// <summary>The modules that are or may be loaded, without <c>.so</c>.</summary>
    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>The calls in routing blocks and in KEMI's scripts that matter, see <see cref="ScriptReader"/>.</summary>
    public IReadOnlyList<ScriptCall> Calls { get; init; } = [];

    /// <summary>Scripts of KEMI that could not be read, each with the reason.</summary>
    public IReadOnlyList<string> UnreadScripts { get; init; } = [];

    /// <summary>Whether one mutex guards everything that comes over RPC: core parameter <c>rpc_exec_locks=1</c>, 6.2 and later.</summary>
    public bool HasOneRpcLock { get; init; }

    /// <summary>Every setting of a module's parameter. The last one counts, except where Kamailio collects them.</summary>
    public IEnumerable<ModuleParameter> Of(string module, string name) =>
        Parameters.Where(parameter => parameter.Name == name && Matches(parameter.Modules, module));

    /// <summary>Whether a module is one that a <c>modparam</c> names. As Kamailio does: anchored, whatever the case.</summary>
    public static bool Matches(string modules, string module)
    {
        if (modules == module)
        {
            return true;
        }

        try
        {
            return Regex.IsMatch(module, $"^({modules})$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeSpan.FromMilliseconds(100));
        }
        catch (Exception exception) when (exception is ArgumentException or RegexMatchTimeoutException)
        {
            return false;
        }
    }
}

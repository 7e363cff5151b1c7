using KamRpcDispatcher.Doctor.Config.Reading;

namespace KamRpcDispatcher.Doctor.Config;

/// <summary>What a line does whose place among the others counts.</summary>
internal enum ConfigWord
{
    /// <summary>A define of the preprocessor; the value is that of the define.</summary>
    Define,

    /// <summary><c>loadmodule</c>, by the module's name.</summary>
    Module,

    /// <summary><c>modparam</c>, see <see cref="ConfigLine.Parameter"/>.</summary>
    Parameter,

    /// <summary><c>include_file</c> or <c>import_file</c>; the value is the file's path.</summary>
    Include,

    /// <summary>The head of a routing block: <c>route[RELAY]</c>.</summary>
    Block,

    /// <summary>The call of a route, where it is in no block that counts.</summary>
    Call,
}

/// <summary>A line of a Kamailio configuration, in the order in which Kamailio reads them.</summary>
/// <param name="Word">What it does.</param>
/// <param name="Name">To what.</param>
/// <param name="Value">See <see cref="ConfigWord"/>.</param>
/// <param name="State">Whether it is in force. Of what is not, only defines, includes and calls of routes are kept.</param>
/// <param name="Place">Where it is: <c>/etc/kamailio/kamailio.cfg:12</c>.</param>
internal sealed record ConfigLine(ConfigWord Word, string Name, string Value, Condition State, string Place)
{
    /// <summary>The condition that keeps it out of force, and where that is; null where none does.</summary>
    public string? Within { get; init; }

    /// <summary>Of <see cref="ConfigWord.Parameter"/>.</summary>
    public ModuleParameter? Parameter { get; init; }

    public string File => FileOf(Place);

    /// <summary>The file of a place.</summary>
    public static string FileOf(string place) => place.LastIndexOf(':') is >= 0 and var colon ? place[..colon] : place;
}

using System.Runtime.CompilerServices;
using KamRpcDispatcher.Destinations.Addresses;

namespace KamRpcDispatcher.Plan;

/// <summary>
/// Two spellings of one URI, so that a destination can stand in its set twice for a moment: Kamailio takes the same address under another
/// text for another destination, and <c>remove</c> takes the one that it is given to the letter.
/// </summary>
/// <remarks>
/// The second spelling has one parameter more, which leads nowhere else (RFC 3261, section 19.1.1: what is not understood is ignored) and
/// reaches a server in the request line of Kamailio's pings only. It differs in length, since <c>set_state</c> does not mind case.
/// </remarks>
internal static class Spelling
{
    private const string Parameter = ";kamrpc";

    /// <summary>Of each text once, for as long as it is kept: a list has thousands, and is gone through many times in a cycle.</summary>
    private static readonly ConditionalWeakTable<string, string> Endpoints = [];

    /// <summary>The URI as it was announced.</summary>
    public static string First(string text) => text.EndsWith(Parameter, StringComparison.OrdinalIgnoreCase) ? text[..^Parameter.Length] : text;

    /// <summary>The same URI in other letters.</summary>
    public static string Second(string text) => First(text) + Parameter;

    /// <summary>Where a listed URI leads. What an operator wrote need not be a URI of the kind that members announce; then it is equal to itself only.</summary>
    public static string EndpointOf(string text) =>
        Endpoints.TryGetValue(text, out var endpoint) ? endpoint : Endpoints.GetValue(text, static text => SipUri.TryParse(First(text), out var uri, out _) ? uri.Endpoint : text);
}

using System.Text;
using System.Text.Json;

namespace KamailioRpc;

/// <summary>
/// What Kamailio answered, as JSON, whichever protocol it came over: what reads one shape need not know the protocol, and a long list need
/// not become a tree of objects before it is read.
/// </summary>
/// <param name="json">One JSON value in UTF-8.</param>
/// <remarks>
/// BINRPC does not tell an answer of one value from a list with one entry: one value stands for itself, several are an array, none is an empty
/// object. Its lists of named values are objects in which a name comes again and again, where JSON-RPC has an array of objects with one member
/// each. Its numbers with fractions have three decimals.
/// </remarks>
public sealed class RpcResult(ReadOnlyMemory<byte> json)
{
    /// <summary>One JSON value in UTF-8, checked to be JSON.</summary>
    public ReadOnlyMemory<byte> Json => json;

    public JsonElement ToElement() => JsonElement.Parse(json.Span);

    /// <summary>The text when it is one, else its JSON.</summary>
    /// <exception cref="KamailioGarbledReplyException">The text is not valid UTF-8.</exception>
    public string ToText()
    {
        try
        {
            return ToElement().ToString();
        }
        catch (InvalidOperationException exception)
        {
            throw new KamailioGarbledReplyException("a string of it is not valid UTF-8", exception);
        }
    }

    public override string ToString() => Encoding.UTF8.GetString(json.Span);
}

using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using KamailioRpc.Errors;

namespace KamailioRpc;

/// <summary>
/// What Kamailio answered, as JSON, whichever protocol it came over: what reads one shape need not know the protocol, and a long list need
/// not become a tree of objects before it is read.
/// </summary>
/// <param name="json">One JSON value. Texts of other people's in it may hold bytes that are not UTF-8.</param>
/// <param name="replyLength">See <see cref="ReplyLength"/>; null where it is the JSON's.</param>
/// <remarks>
/// BINRPC does not tell an answer of one value from a list with one entry: one value stands for itself, several are an array, none is an empty
/// object. Its lists of named values are objects in which a name comes again and again, where JSON-RPC has an array of objects with one member
/// each. Its numbers with fractions have three decimals.
/// </remarks>
public sealed class RpcResult(ReadOnlyMemory<byte> json, int? replyLength = null)
{
    /// <summary>One JSON value, checked to be JSON, but for bytes in texts that are not UTF-8.</summary>
    public ReadOnlyMemory<byte> Json => json;

    /// <summary>The bytes of the whole reply, as it came over the transport.</summary>
    public int ReplyLength => replyLength ?? json.Length;

    /// <summary>The value; U+FFFD stands for bytes that are not UTF-8.</summary>
    public JsonElement ToElement() => JsonElement.Parse(Utf8.IsValid(json.Span) ? json.Span : Encoding.UTF8.GetBytes(ToString()));

    /// <summary>The text when it is one, else its JSON.</summary>
    /// <exception cref="KamailioMalformedReplyException">The text has half a character in it.</exception>
    public string ToText()
    {
        try
        {
            return ToElement().ToString();
        }
        catch (InvalidOperationException exception)
        {
            throw new KamailioMalformedReplyException("a string of it has half a character in it", exception);
        }
    }

    /// <summary>The JSON, as it came.</summary>
    public override string ToString() => Encoding.UTF8.GetString(json.Span);
}

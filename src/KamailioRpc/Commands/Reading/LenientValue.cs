using System.Text.Json;
using KamailioRpc.Json;

namespace KamailioRpc.Commands.Reading;

/// <summary>Reads the value of a member that may be of another kind than it should be.</summary>
internal static class LenientValue
{
    /// <summary>A text, empty where there is none.</summary>
    public static string Text(ref Utf8JsonReader reader, ref bool isExact)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return LenientText.Read(ref reader, ref isExact);
        }

        reader.Skip();
        return string.Empty;
    }

    /// <summary>An integer, 0 where there is none or where it has more than 32 bits.</summary>
    public static int Integer(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number))
        {
            return number;
        }

        reader.Skip();
        return 0;
    }

    public static double Number(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var number))
        {
            return number;
        }

        reader.Skip();
        return 0;
    }
}

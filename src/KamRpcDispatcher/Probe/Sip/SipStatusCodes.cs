using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Probe.Sip;

/// <summary>Final SIP status codes, written <c>2xx,404,405</c>: single ones and whole classes.</summary>
/// <remarks>
/// <c>5xx</c> is all of the class but 503: by that one a server asks for no more calls, so it has to be meant, and written as a number.
/// </remarks>
public sealed class SipStatusCodes : IEquatable<SipStatusCodes>
{
    /// <summary>
    /// OPTIONS is answered as an INVITE would be (RFC 3261, section 11.2): a server that has no extension for the probe's URI says 404, one
    /// that takes calls only says 405. Both could take a call.
    /// </summary>
    public const string Default = "2xx,404,405";

    internal const int ServiceUnavailable = 503;

    private const int Lowest = 200;
    private const int Highest = 699;

    private readonly SortedSet<int> _codes;
    private readonly string _text;

    private SipStatusCodes(string text, SortedSet<int> codes)
    {
        _text = text;
        _codes = codes;
    }

    public static SipStatusCodes Parse(string text) =>
        TryParse(text, out var codes, out var error) ? codes : throw new FormatException(error);

    /// <summary>Parses a list of codes and classes; <paramref name="error"/> names the part that is wrong.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SipStatusCodes? codes, [NotNullWhen(false)] out string? error)
    {
        codes = null;
        var read = new SortedSet<int>();
        foreach (var part in (text ?? string.Empty).Split(',', StringSplitOptions.TrimEntries))
        {
            if (!ReadClass(part, read) && !ReadCode(part, read))
            {
                error = $"'{SafeText.Shorten(part)}' is neither a final SIP status ({Lowest} to {Highest}) nor a class of them (2xx to 6xx)";
                return false;
            }
        }

        error = null;
        codes = new SipStatusCodes(text!, read);
        return true;
    }

    public bool Contains(int code) => _codes.Contains(code);

    /// <summary>Equal when they hold the same codes, however written.</summary>
    public bool Equals(SipStatusCodes? other) => other is not null && _codes.SetEquals(other._codes);

    public override bool Equals(object? obj) => Equals(obj as SipStatusCodes);

    public override int GetHashCode() => HashCode.Combine(_codes.Count, _codes.Min, _codes.Max);

    /// <summary>The list as it was written.</summary>
    public override string ToString() => _text;

    private static bool ReadClass(string part, SortedSet<int> codes)
    {
        if (part.Length != 3 || part[0] is < '2' or > '6' || !part.AsSpan(1).Equals("xx", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        codes.UnionWith(Enumerable.Range((part[0] - '0') * 100, 100).Where(static code => code != ServiceUnavailable));
        return true;
    }

    private static bool ReadCode(string part, SortedSet<int> codes)
    {
        if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var code) || code is < Lowest or > Highest)
        {
            return false;
        }

        codes.Add(code);
        return true;
    }
}

using System.Globalization;
using System.Text;

namespace KamRpcDispatcher.Doctor.Config;

/// <summary>Lines of several files after one another, each of which is known by its file and number.</summary>
internal sealed class ConfigText
{
    private readonly StringBuilder _text = new();
    private readonly List<(int Start, string File, int Line)> _parts = [];

    /// <param name="file">Where it is from.</param>
    /// <param name="line">The number of its first line there.</param>
    /// <param name="text">As many lines as it has there.</param>
    public void Append(string file, int line, string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        _parts.Add((_text.Length, file, line));
        _text.Append(text);
        if (!text.EndsWith('\n'))
        {
            _text.Append('\n');
        }
    }

    /// <summary>Where a character of the text is: <c>/etc/kamailio/kamailio.cfg:12</c>.</summary>
    public string PlaceOf(int index)
    {
        var part = _parts.FindLastIndex(part => part.Start <= index);
        if (part < 0)
        {
            return string.Empty;
        }

        var (start, file, line) = _parts[part];
        return string.Create(CultureInfo.InvariantCulture, $"{file}:{line + _text.ToString(start, index - start).AsSpan().Count('\n')}");
    }

    public override string ToString() => _text.ToString();
}

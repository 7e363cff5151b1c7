namespace KamRpcDispatcher.Doctor.Config.Reading;

/// <summary>The defines of Kamailio's preprocessor, while the configuration is read.</summary>
/// <param name="final">
/// Those that Kamailio has at the end (<c>core.ppdefines_full</c>): for values that only Kamailio can tell, from its environment or by
/// evaluating something. Not for conditions: what is defined at the end need not have been at the line.
/// </param>
internal sealed class Defines(IReadOnlyDictionary<string, string> final)
{
    /// <summary>A define may stand for another one.</summary>
    private const int Deepest = 8;

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public bool Has(string name) => _values.ContainsKey(name);

    public void Set(string name, string value) => _values[name] = value;

    /// <summary>Defines what Kamailio alone knows the value of, if it has one.</summary>
    public void SetAsKamailio(string name)
    {
        if (final.TryGetValue(name, out var value))
        {
            _values[name] = value;
        }
    }

    public void Unset(string name) => _values.Remove(name);

    /// <summary>A word's value when it is a define, else the word.</summary>
    public string Replace(string word)
    {
        for (var depth = 0; depth < Deepest && _values.TryGetValue(word, out var value) && value != word; depth++)
        {
            word = value;
        }

        return word;
    }
}

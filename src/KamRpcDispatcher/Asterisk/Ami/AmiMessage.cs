namespace KamRpcDispatcher.Asterisk.Ami;

/// <summary>A response or an event: named values.</summary>
internal sealed class AmiMessage(IReadOnlyDictionary<string, string> fields)
{
    public string? Event => this["Event"];

    public string? ActionId => this["ActionID"];

    public bool IsResponse => this["Response"] is not null;

    public bool IsError => Is("Response", "Error");

    public string? this[string name] => fields.GetValueOrDefault(name);

    public bool Is(string name, string value) => string.Equals(this[name], value, StringComparison.OrdinalIgnoreCase);
}

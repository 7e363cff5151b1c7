using System.Globalization;

namespace KamRpcDispatcher.Doctor.Config;

/// <summary>One <c>modparam</c> of a Kamailio configuration.</summary>
/// <param name="Modules">The module, or an extended regular expression that matches several.</param>
/// <param name="Name">The parameter.</param>
/// <param name="Value">Its value without quotes, defines replaced.</param>
/// <param name="IsCertain">Whether the line is in force for sure: it may depend on a condition that only Kamailio can evaluate.</param>
/// <param name="Place">Where it is: <c>/etc/kamailio/kamailio.cfg:12</c>.</param>
internal sealed record ModuleParameter(string Modules, string Name, string Value, bool IsCertain, string Place)
{
    /// <summary>The value as a number: decimal, <c>0x</c> hexadecimal or, with a leading zero, octal; null when it is none.</summary>
    public int? Number
    {
        get
        {
            try
            {
                return Value switch
                {
                    ['0', 'x' or 'X', ..] => Convert.ToInt32(Value, 16),
                    ['0', _, ..] => Convert.ToInt32(Value, 8),
                    _ => int.Parse(Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture),
                };
            }
            catch (Exception exception) when (exception is FormatException or OverflowException or ArgumentException)
            {
                return null;
            }
        }
    }
}

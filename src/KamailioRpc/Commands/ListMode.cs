namespace KamailioRpc.Commands;

/// <summary>How much <c>dispatcher.list</c> tells (5.5 and later; before, always as <see cref="Normal"/>).</summary>
public enum ListMode
{
    /// <summary>With attributes, where a destination has any.</summary>
    Normal,

    /// <summary>Without attributes.</summary>
    Brief,

    /// <summary>With addresses, and with attributes of all.</summary>
    Full,
}

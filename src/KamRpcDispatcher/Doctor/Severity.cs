namespace KamRpcDispatcher.Doctor;

/// <summary>What a finding means for an operator.</summary>
public enum Severity
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>It works well, and for as long as nobody does what the text says.</summary>
    Note,

    /// <summary>It could not be checked.</summary>
    Unknown,

    /// <summary>It works, but not well, or not for long.</summary>
    Warning,

    /// <summary>It does not work, or is dangerous.</summary>
    Error,
}

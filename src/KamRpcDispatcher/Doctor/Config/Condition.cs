namespace KamRpcDispatcher.Doctor.Config;

/// <summary>Whether lines are in force.</summary>
internal enum Condition
{
    /// <summary>They are not.</summary>
    No,

    /// <summary>Only Kamailio knows (<c>#!ifexp</c>).</summary>
    Unknown,

    /// <summary>They are.</summary>
    Yes,
}

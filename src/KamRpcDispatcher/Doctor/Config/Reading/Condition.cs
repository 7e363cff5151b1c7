namespace KamRpcDispatcher.Doctor.Config.Reading;

/// <summary>Whether lines are in force.</summary>
internal enum Condition
{
    /// <summary>They are not.</summary>
    No,

    /// <summary>Only Kamailio knows (an <c>#!ifexp</c> that is not simple).</summary>
    Unknown,

    /// <summary>They are.</summary>
    Yes,
}

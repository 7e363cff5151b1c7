namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Why something was not seen.</summary>
/// <param name="Text">For people.</param>
/// <param name="Because">The check that tells the cause, one of <see cref="Causes"/>; null where this is a cause of its own.</param>
internal sealed record Trouble(string Text, string? Because = null)
{
    public static implicit operator Trouble(string text) => new(text);

    public override string ToString() => Text;
}

/// <summary>The checks that tell why others could not be made.</summary>
internal static class Causes
{
    public const string Kamailio = "kamailio.reachable";
    public const string Config = "kamailio.config";
    public const string Modules = "kamailio.modules";

    /// <summary>It says why the list of destinations could not be read.</summary>
    public const string List = "kamailio.reply-size";

    public const string Etcd = "etcd.reachable";

    /// <summary>It says why the members and the proxies could not be read from an etcd that answers.</summary>
    public const string Members = "etcd.members";
}

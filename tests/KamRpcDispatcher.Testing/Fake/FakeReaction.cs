namespace KamRpcDispatcher.Testing;

/// <summary>What a <see cref="FakeKamailio"/> does with one request. The set is closed: use the static members.</summary>
public abstract record FakeReaction
{
    private FakeReaction()
    {
    }

    /// <summary>Execute and answer, as without a handler.</summary>
    public static FakeReaction Proceed { get; } = new Waiting(TimeSpan.Zero);

    /// <summary>Neither executed nor answered.</summary>
    public static FakeReaction DropRequest { get; } = new Nothing();

    /// <summary>Executed, not answered.</summary>
    public static FakeReaction DropReply { get; } = new Unanswered();

    /// <summary>Executed, and answered with bytes that are not JSON.</summary>
    public static FakeReaction Malform { get; } = new Malformed();

    /// <summary>The one worker is busy for this long, then executes and answers; requests behind it wait.</summary>
    public static FakeReaction Delay(TimeSpan time) => new Waiting(time);

    /// <summary>Not executed; answered with this text, whatever it is.</summary>
    public static FakeReaction ReplyWith(string raw) => new Raw(raw);

    /// <summary>Not executed; answered with a fault.</summary>
    public static FakeReaction Refuse(int code, string message) => new Refusal(code, message);

    /// <summary>Executed now, answered this much later, while the requests behind it are served.</summary>
    public static FakeReaction LateReply(TimeSpan time) => new Late(time);

    internal sealed record Waiting(TimeSpan Time) : FakeReaction;

    internal sealed record Nothing : FakeReaction;

    internal sealed record Unanswered : FakeReaction;

    internal sealed record Malformed : FakeReaction;

    internal sealed record Raw(string Text) : FakeReaction;

    internal sealed record Refusal(int Code, string Message) : FakeReaction;

    internal sealed record Late(TimeSpan Time) : FakeReaction;
}

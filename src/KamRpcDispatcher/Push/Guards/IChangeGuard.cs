using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push.Guards;

/// <summary>Checks, right before a structural change is made, whether it would do harm.</summary>
internal interface IChangeGuard
{
    /// <summary>Null when the change may be made. Never throws but for cancellation: what cannot be found out is no objection.</summary>
    /// <param name="change">An addition or a removal.</param>
    /// <param name="table">What the plan was made from.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    ValueTask<Objection?> ExamineAsync(Change change, DispatcherTable table, CancellationToken cancellationToken);
}

/// <summary>Why a structural change is not made now.</summary>
/// <param name="Scope">What it holds back.</param>
/// <param name="Kind">What it is about, one word that stays the same while it lasts, such as <c>memory</c>.</param>
/// <param name="Text">What is wrong and what helps, for people.</param>
public sealed record Objection(ObjectionScope Scope, string Kind, string Text);

/// <summary>What an objection holds back.</summary>
public enum ObjectionScope
{
    /// <summary>This change: it would be refused.</summary>
    Change,

    /// <summary>Whatever makes the list longer.</summary>
    Additions,

    /// <summary>Every structural change.</summary>
    Structure,
}

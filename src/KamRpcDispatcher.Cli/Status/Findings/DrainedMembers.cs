using KamRpcDispatcher.Cli.Output;

namespace KamRpcDispatcher.Cli.Status.Findings;

/// <summary>Those of a set that operators have drained, in a finding of it.</summary>
/// <param name="Set">The set.</param>
/// <param name="Total">How many are announced in it.</param>
/// <param name="Members">Those of them that are drained.</param>
internal sealed record DrainedMembers(int Set, int Total, IReadOnlyList<MemberCalls> Members)
{
    /// <summary>How many are left.</summary>
    public int Others => Total - Members.Count;

    public bool AreAll => Total > 0 && Others == 0;

    /// <summary><c>each of its 3 members is drained by an operator</c>.</summary>
    public string All => Total == 1 ? "its one member is drained by an operator" : $"each of its {Ages.Number(Total)} members is drained by an operator";

    /// <summary>Behind the number of all: <c>, each drained by an operator,</c>.</summary>
    public string Each => Members.Count == 0 ? string.Empty
        : !AreAll ? $", {Ages.Number(Members.Count)} of them drained by an operator,"
        : Total == 1 ? ", which is drained by an operator,"
        : ", each drained by an operator,";

    /// <summary>What takes it back; nothing where nobody is drained.</summary>
    public string Advice => Members.Count == 0 ? string.Empty : "; " + IntentText.Resume(Set, [.. Members.Select(static member => member.Key.Name)]);
}

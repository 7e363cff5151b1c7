using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Cli;

/// <summary>What <c>kamrpc confirm</c> did.</summary>
internal sealed class ConfirmAnswer
{
    private readonly List<(Member Member, ConfirmationOutcome Outcome)> _members = [];

    public bool IsEmpty => _members.Count == 0;

    public bool IsAnybodyBack => _members.Any(static entry => entry.Outcome == ConfirmationOutcome.Back);

    public void Add(Member member, ConfirmationOutcome outcome) => _members.Add((member, outcome));

    public override string ToString()
    {
        if (IsEmpty)
        {
            return "Nothing is held back.\n";
        }

        var table = new TextTable("SET", "NAME", "URI", "RESULT");
        foreach (var (member, outcome) in _members)
        {
            table.Add(FormattableString.Invariant($"{member.Key.Set}"), member.Key.Name, member.Uri.Text, outcome switch
            {
                ConfirmationOutcome.Confirmed => "confirmed gone",
                ConfirmationOutcome.AlreadyConfirmed => "confirmed before",
                _ => "not confirmed: its key is back, it is alive again",
            });
        }

        return table.ToString();
    }

    /// <summary>For programs: later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer => JsonText.WriteArray(writer, "members", _members, static (json, entry) =>
    {
        json.WriteNumber("set", entry.Member.Key.Set);
        json.WriteString("name", entry.Member.Key.Name);
        json.WriteString("uri", entry.Member.Uri.Text);
        json.WriteString("result", entry.Outcome switch
        {
            ConfirmationOutcome.Confirmed => "confirmed",
            ConfirmationOutcome.AlreadyConfirmed => "confirmedBefore",
            _ => "back",
        });
    }));
}

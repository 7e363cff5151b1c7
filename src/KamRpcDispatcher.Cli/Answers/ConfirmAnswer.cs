using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate.Confirming;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>What <c>kamrpc confirm</c> did.</summary>
internal sealed class ConfirmAnswer
{
    private readonly List<(Member Member, ConfirmationOutcome Outcome)> _members = [];

    public bool IsEmpty => _members.Count == 0;

    /// <summary>How many more are held back that no proxy has named: they are not confirmed.</summary>
    public int NotNamed { get; set; }

    /// <summary>How many are kept for a moment only, since their leases ended while etcd was away: nobody holds them back yet.</summary>
    public int Doubted { get; set; }

    public bool IsAnybodyBack => _members.Any(static entry => entry.Outcome == ConfirmationOutcome.Back);

    public void Add(Member member, ConfirmationOutcome outcome) => _members.Add((member, outcome));

    public override string ToString()
    {
        var rest = NotNamed > 0
            ? FormattableString.Invariant($"NOT CONFIRMED: {NotNamed} more, which no proxy has named, or which are held back only since. Look at 'kamrpc status' (does every Kamailio answer?), and confirm again\n")
            : string.Empty;
        if (IsEmpty)
        {
            return rest.Length > 0 ? rest : Doubted > 0 ? FormattableString.Invariant($"Nothing is held back yet: the leases of {Doubted} ended while etcd was away, and they may come back. Confirm again in a few seconds.\n") : "Nothing is held back.\n";
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

        return table + rest;
    }

    /// <summary>For programs: later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        JsonText.WriteArray(writer, "members", _members, static (json, entry) =>
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
        });
        writer.WriteNumber("notNamed", NotNamed);
        writer.WriteNumber("doubted", Doubted);
    });
}

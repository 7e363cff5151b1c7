using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate.Confirming;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>What <c>kamrpc confirm</c> did.</summary>
internal sealed class ConfirmAnswer
{
    private readonly List<(Member Member, ConfirmationOutcome Outcome, IReadOnlyList<string> KeptBy)> _members = [];

    /// <summary>Whether it only says whom it would confirm.</summary>
    public bool IsDryRun { get; init; }

    public bool IsEmpty => _members.Count == 0;

    /// <summary>How many more are held back that no proxy has named: they are not confirmed.</summary>
    public int NotNamed { get; set; }

    /// <summary>How many are kept for a moment only, since their leases ended while etcd was away: nobody holds them back yet.</summary>
    public int Doubted { get; set; }

    /// <summary>How many it would confirm.</summary>
    public int WouldConfirm => _members.Count(static entry => entry.Outcome == ConfirmationOutcome.WouldConfirm);

    public bool IsAnybodyBack => _members.Any(static entry => entry.Outcome == ConfirmationOutcome.Back);

    public void Add(Member member, ConfirmationOutcome outcome) => Add(member, outcome, []);

    /// <summary>Of a dry run.</summary>
    /// <param name="member">The member.</param>
    /// <param name="outcome">What would come of it.</param>
    /// <param name="keptBy">The proxies that keep it, and would disable it.</param>
    public void Add(Member member, ConfirmationOutcome outcome, IReadOnlyList<string> keptBy) => _members.Add((member, outcome, keptBy));

    public override string ToString()
    {
        var rest = NotNamed > 0 && IsDryRun ? FormattableString.Invariant($"{NotNamed} more are held back that no proxy names yet: of these it would confirm those that it may, in rounds.\n")
            : NotNamed > 0
            ? FormattableString.Invariant($"NOT CONFIRMED: {NotNamed} more, which no proxy has named, or which are held back only since. Look at 'kamrpc status' (does every Kamailio answer?), and confirm again\n")
            : string.Empty;
        if (IsEmpty)
        {
            return rest.Length > 0 ? rest : Doubted > 0 ? FormattableString.Invariant($"Nothing is held back yet: the leases of {Doubted} ended while etcd was away, and they may come back. Confirm again in a few seconds.\n") : "Nothing is held back.\n";
        }

        var table = IsDryRun ? new TextTable("SET", "NAME", "URI", "KEPT BY", "RESULT") : new TextTable("SET", "NAME", "URI", "RESULT");
        foreach (var (member, outcome, keptBy) in _members)
        {
            Cell[] who = [FormattableString.Invariant($"{member.Key.Set}"), member.Key.Name, member.Uri.Text];
            table.Add([.. who, .. IsDryRun ? new Cell[] { ProxyNames.Of(keptBy) } : [], outcome switch
            {
                ConfirmationOutcome.Confirmed => "confirmed gone",
                ConfirmationOutcome.WouldConfirm => "would be confirmed gone: disabled there",
                ConfirmationOutcome.AlreadyConfirmed => "confirmed before",
                _ => "not confirmed: its key is back, it is alive again",
            }]);
        }

        return table + rest + (IsDryRun ? $"Nothing is written: a dry run. {Ages.Count(WouldConfirm, "member")} would be confirmed.\n" : string.Empty);
    }

    /// <summary>For programs: later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        if (IsDryRun)
        {
            writer.WriteBoolean("dryRun", true);
        }

        JsonText.WriteArray(writer, "members", _members, (json, entry) =>
        {
            json.WriteNumber("set", entry.Member.Key.Set);
            json.WriteString("name", entry.Member.Key.Name);
            json.WriteString("uri", entry.Member.Uri.Text);
            json.WriteString("result", entry.Outcome switch
            {
                ConfirmationOutcome.Confirmed => "confirmed",
                ConfirmationOutcome.WouldConfirm => "wouldConfirm",
                ConfirmationOutcome.AlreadyConfirmed => "confirmedBefore",
                _ => "back",
            });
            if (IsDryRun)
            {
                JsonText.WriteTexts(json, "keptBy", entry.KeptBy);
            }
        });
        writer.WriteNumber("notNamed", NotNamed);
        writer.WriteNumber("doubted", Doubted);
    });
}

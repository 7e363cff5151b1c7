using KamailioRpc;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Cli.Operate;

/// <summary>Waits until no calls are up any more on those who were drained, and tells who still has how many.</summary>
internal static class IdleRun
{
    /// <summary>As many members are named.</summary>
    private const int MostNamed = 10;

    /// <summary>Counts change all the time, and the waiting may last for hours.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(5);

    /// <returns>How they are in the end, and what ended the waiting where calls are up, or may be.</returns>
    public static async Task<(IdleState State, string Ended)> WaitAsync(IdleWait wait, IReadOnlyCollection<MemberKey> members, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(timeout);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        var teller = new WaitTeller(Console.Error.WriteLine, TimeProvider.System) { Pace = Pace };
        await using (teller.ConfigureAwait(false))
        {
            teller.Start();
            try
            {
                return (await wait.UntilIdleAsync(members, state => teller.Saw(Busy(state, withAges: true), Busy(state, withAges: false)), waiting.Token).ConfigureAwait(false), string.Empty);
            }
            catch (OperationCanceledException) when (waiting.IsCancellationRequested)
            {
                return (wait.StateOf(members), cancellationToken.IsCancellationRequested ? "the waiting was ended, not the drain" : $"not idle within {DurationText.Of(timeout)}");
            }
        }
    }

    /// <summary>Says on stderr who is not idle, and what helps where that is not known.</summary>
    /// <param name="state">How they are.</param>
    /// <param name="ended">What ended the waiting.</param>
    /// <param name="back">What takes the drain back.</param>
    public static void TellNotIdle(IdleState state, string ended, string back)
    {
        Console.Error.WriteLine($"kamrpc: {ended}: {Busy(state, withAges: true)}; the drain stays ({back})");
        if (state.Members.Any(static member => member.IsUncounted))
        {
            Console.Error.WriteLine("kamrpc: calls are counted by an announcer beside Asterisk that has --ami, and whose role in etcd may read intents/ and write calls/; or by Kamailio, where the snippet of every proxy has KAMRPC_DIALOGS");
        }
    }

    /// <summary>Who is not idle, each with its calls, safe to print: <c>asterisk-1 in set 1 (3 calls, 1s ago)</c>.</summary>
    /// <param name="state">How they are.</param>
    /// <param name="withAges">Whether it says how old each number is, which changes all the time.</param>
    public static string Busy(IdleState state, bool withAges)
    {
        List<string> busy =
        [
            .. state.Members.Where(static member => !member.IsIdle).Select(member => FormattableString.Invariant(
                $"{SafeText.Shorten(member.Key.Name, MemberValidation.MaxNameLength)} in set {member.Key.Set} ({Words(member)}{(withAges && member.Age is { } age ? $", {Ages.Show(age)} ago" : string.Empty)})")),
            .. state.Outage is { } outage ? new[] { $"etcd ({outage})" } : [],
        ];
        return string.Join("; ", busy.Take(MostNamed)) + (busy.Count > MostNamed ? FormattableString.Invariant($"; and {busy.Count - MostNamed} more") : string.Empty);
    }

    private static string Words(IdleMember member) => member.Unknown is { } unknown ? $"unknown: {unknown}"
        : member.Count!.IsIdle == true ? "no calls, for a moment only"
        : member.Count.ToString();
}

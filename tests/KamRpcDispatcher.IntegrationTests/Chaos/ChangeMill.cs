using System.Diagnostics;
using System.Net.Sockets;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.IntegrationTests.Fleets;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>
/// Two halves of a membership that take turns: whenever the dispatcher has nearly brought one in and the other out, they change places, so
/// that it always has structural changes to push.
/// </summary>
internal sealed class ChangeMill(Fleet fleet, ChangeCounter counter, IReadOnlyList<string> uris)
{
    /// <summary>Longer than any pause between two structural changes that the suite meets.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Lull = TimeSpan.FromMilliseconds(500);

    private readonly int _half = uris.Count / 2;

    /// <summary>Turns until so many changes were pushed and the shortest time is over, the longest is, or <paramref name="broken"/> completes.</summary>
    public async Task TurnAsync(int changes, TimeSpan shortest, TimeSpan longest, Task broken)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var turn = 0; Stopwatch.GetElapsedTime(begun) is var elapsed && elapsed < longest && (counter.Count < changes || elapsed < shortest); turn++)
        {
            var before = counter.Count;
            await ChangePlacesAsync(turn % 2 == 0);

            // The first turn only adds; later ones add a half and remove the other. One that comes a little early finds members disabled
            // and not yet removed, enables them again and so has less to change: then it is over when nothing has come for a while.
            var nearlyDone = (turn == 0 ? _half : 2 * _half) * 9 / 10;
            var (count, since) = (before, Stopwatch.GetTimestamp());
            while (count < before + nearlyDone && (count == before || Stopwatch.GetElapsedTime(since) < Lull))
            {
                if (broken.IsCompleted || Stopwatch.GetElapsedTime(begun) > longest)
                {
                    return;
                }

                if (count == before && Stopwatch.GetElapsedTime(since) > Lull && await IsInPlaceAsync(turn % 2 == 0))
                {
                    // What was counted for the turn before was late news of the one before that, so that it was undone before anything was changed.
                    break;
                }

                if (Stopwatch.GetElapsedTime(since) > Patience)
                {
                    throw new TimeoutException($"No change came in {Patience.TotalSeconds} s.\n{string.Join('\n', fleet.Dispatcher.Output.Split('\n').TakeLast(30))}");
                }

                await Task.Delay(5);
                (count, since) = counter.Count == count ? (count, since) : (counter.Count, Stopwatch.GetTimestamp());
            }
        }
    }

    /// <summary>Takes all of them out again.</summary>
    public async Task EmptyAsync()
    {
        var transaction = new TxnRequest();
        transaction.Success.AddRange(Enumerable.Range(0, uris.Count).Select(Delete));
        await fleet.Store.Keys.TxnAsync(transaction);
    }

    /// <summary>Whether one half is in, and nothing of the other; not where Kamailio has ended, or does not answer.</summary>
    private async Task<bool> IsInPlaceAsync(bool isFirstHalfIn)
    {
        try
        {
            var list = await fleet.Kamailio.ListAsync();
            return Enumerable.Range(0, 2 * _half).All(number => Fleet.IsEnabled(list, uris[number]) == (number < _half == isFirstHalfIn));
        }
        catch (Exception exception) when (exception is SocketException or TimeoutException)
        {
            return false;
        }
    }

    private async Task ChangePlacesAsync(bool isFirstHalfIn)
    {
        var transaction = new TxnRequest();
        transaction.Success.AddRange(Enumerable.Range(0, 2 * _half).Select(number => number < _half == isFirstHalfIn ? Put(number) : Delete(number)));
        await fleet.Store.Keys.TxnAsync(transaction);
    }

    private RequestOp Put(int number) =>
        new() { RequestPut = new PutRequest { Key = Key(number), Value = ByteString.CopyFromUtf8($"{{\"uri\":\"{uris[number]}\"}}") } };

    private RequestOp Delete(int number) => new() { RequestDeleteRange = new DeleteRangeRequest { Key = Key(number) } };

    private ByteString Key(int number) => ByteString.CopyFromUtf8($"{fleet.Keys.Members}1/mill-{number}");
}

using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Splits;

namespace KamRpcDispatcher.Operate;

/// <summary>Has the intents of members, or of proxies, be what an operator asks for: reads, decides, writes, and begins again where something has changed meanwhile.</summary>
public sealed class IntentWriter(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider)
{
    /// <summary>How often it is decided anew, before it is given up.</summary>
    internal const int MostTries = 5;

    private readonly OperatorViewReader _reader = new(store, keys, timeProvider);
    private readonly IntentTransaction _transaction = new(store, keys);
    private readonly HistoryStore _history = new(store, keys, timeProvider);

    /// <summary>How many intents are known to be written.</summary>
    public int Written { get; private set; }

    /// <summary>Whether more may be written, without an answer. Asking again does no harm then.</summary>
    public bool IsInDoubt { get; private set; }

    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses: <see cref="Written"/> and <see cref="IsInDoubt"/> say what is written.</exception>
    public async Task<IntentOutcome> WriteAsync(IntentCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        var run = new IntentRun(command, timeProvider.GetUtcNow());
        try
        {
            return await WriteAsync(run, command, cancellationToken).ConfigureAwait(false);
        }
        catch (EtcdUnreachableException unreachable) when (EtcdFailure.IsRefusal(unreachable.InnerException))
        {
            var wasWriting = IsInDoubt;
            IsInDoubt = false;
            if (wasWriting && await _history.WhyForbiddenAsync(unreachable, keys.Intents, cancellationToken).ConfigureAwait(false) is { } why)
            {
                return run.End(IntentResult.Unrecorded, [why]);
            }

            throw;
        }
    }

    private async Task<IntentOutcome> WriteAsync(IntentRun run, IntentCommand command, CancellationToken cancellationToken)
    {
        for (var failures = 0; failures < MostTries;)
        {
            var view = await _reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            var subjects = command.Selection.Find(command, view, out var errors);
            if (errors.Count > 0)
            {
                return run.End(IntentResult.Unknown, errors);
            }

            var writes = run.Compare(view, subjects);
            if (run.Unreadable(writes) is { Count: > 0 } unreadable)
            {
                return run.End(IntentResult.Unreadable, unreadable);
            }

            if (run.GivenByOthers(view, writes) is { Count: > 0 } others)
            {
                return run.End(IntentResult.GivenByOthers, others);
            }

            if (writes.Count == 0)
            {
                return run.End(command.IsDryRun ? IntentResult.Planned : IntentResult.Written, []);
            }

            if (command is { Wish: IntentWish.Drain, Selection: MemberSelection })
            {
                view = await _reader.WithSplitsAsync(view, cancellationToken).ConfigureAwait(false);
                run.Drains(view, writes);
            }

            IReadOnlyList<CountedKey>? counted = null;
            if (command is { Wish: IntentWish.Drain, IsForced: false })
            {
                var grounds = command.Selection.Check(command, view, [.. writes.Select(static write => write.Subject)]);
                if (grounds.Refusals.Count > 0)
                {
                    return run.End(IntentResult.BelowFloor, grounds.Refusals);
                }

                counted = grounds.Counted;
            }
            else if (command.Wish == IntentWish.Weigh && ListFit.RefusalsOfWeight(command, view, subjects) is { Count: > 0 } noRoom)
            {
                return run.End(IntentResult.NoRoom, noRoom);
            }

            if (command.IsDryRun)
            {
                run.WouldWrite(writes);
                return run.End(IntentResult.Planned, []) with
                {
                    Forecast = command.Selection is ProxySelection ? IntentForecast.OfProxies(view, command.Wish, writes) : await IntentForecast.OfAsync(new SplitWriter(store, keys, timeProvider), view, writes, cancellationToken).ConfigureAwait(false),
                };
            }

            IsInDoubt = true;
            var written = await _transaction.WriteAsync(writes, view.Revision, counted, taken => _history.Begin(run.Entry(taken)), cancellationToken).ConfigureAwait(false);
            IsInDoubt = written.IsInDoubt;
            if (written.Count > 0)
            {
                run.Wrote(writes.Take(written.Count), written);
                Written += written.Count;
                if (written.Count == writes.Count)
                {
                    return run.End(IntentResult.Written, []);
                }

                failures = 0;
            }
            else if (written.IsInDoubt)
            {
                // The next reading settles it.
                run.MayHaveWritten(writes, written.Entry);
            }
            else
            {
                failures++;
            }
        }

        return run.End(IntentResult.KeepsChanging, [$"what this rests on ({(command.Selection is ProxySelection ? "proxies and their intents" : "members or intents of these sets")}) changed each of the {MostTries} times before this could be written: the cluster keeps changing"]);
    }
}

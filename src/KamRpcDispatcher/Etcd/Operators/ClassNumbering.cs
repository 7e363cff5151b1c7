using System.Collections.Immutable;
using System.Threading.Channels;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Operators;

/// <summary>
/// Gives classes of members their numbers in etcd, so that every proxy knows a class by the same one, and no two have one number. A number is not taken back: a class that is
/// needed again has its old one.
/// </summary>
internal sealed class ClassNumbering(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger<ClassNumbering> logger)
{
    /// <summary>As many sets are written at a time.</summary>
    private const int MostSets = 64;

    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile IReadOnlyDictionary<int, ImmutableSortedSet<string>> _asked = ImmutableDictionary<int, ImmutableSortedSet<string>>.Empty;

    /// <summary>Says which classes of which sets have no number. Asked again while that is so.</summary>
    public void Ask(IReadOnlyDictionary<int, ImmutableSortedSet<string>> unnumbered)
    {
        _asked = unnumbered;
        if (unnumbered.Count > 0)
        {
            _news.Writer.TryWrite(true);
        }
    }

    /// <summary>Runs until cancelled, through every outage.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var pauses = new Backoff();
        string? told = null;
        while (true)
        {
            await _news.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await NumberAsync(cancellationToken).ConfigureAwait(false);
                pauses.Reset();
                told = null;
            }
            catch (Exception exception) when (exception is EtcdUnreachableException or RpcException)
            {
                if (exception.Message != told)
                {
                    told = exception.Message;
                    OperatorLog.NotNumbered(logger, exception.Message, keys.Classes);
                }

                await Task.Delay(pauses.Next(), timeProvider, cancellationToken).ConfigureAwait(false);
                _news.Writer.TryWrite(true);
            }
        }
    }

    /// <summary>Writes those that are asked for and have none, as long as nobody else has written any; whoever has is read by the next cycle, which asks again.</summary>
    private async Task NumberAsync(CancellationToken cancellationToken)
    {
        var asked = _asked;
        var listed = await EtcdUnreachableException.GuardAsync(
            store, () => new KeyPages(store, timeProvider).ReadAsync(keys.Classes, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false);
        var stored = Read(listed);
        var taken = stored.Values.SelectMany(static numbers => numbers.Values).ToHashSet();
        var free = new Queue<int>(Enumerable.Range(1, ClassSets.Most).Where(number => !taken.Contains(number)));
        var transaction = new TxnRequest { Compare = { KeyConditions.NothingNewer(keys.Classes, listed.Revision) } };
        foreach (var (set, classes) in asked.OrderBy(static pair => pair.Key).Take(MostSets))
        {
            var numbers = stored.GetValueOrDefault(set, ImmutableSortedDictionary<string, int>.Empty);
            var missing = classes.Where(name => !numbers.ContainsKey(name)).ToList();
            if (missing.Count > free.Count)
            {
                OperatorLog.NoNumberLeft(logger, set, ClassSets.Most, keys.Classes);
                continue;
            }

            if (missing.Count > 0)
            {
                numbers = numbers.AddRange(missing.Select(name => KeyValuePair.Create(name, free.Dequeue())));
                transaction.Success.Add(new RequestOp
                {
                    RequestPut = new PutRequest { Key = ByteString.CopyFromUtf8(keys.ClassesOf(set)), Value = ByteString.CopyFrom(ClassRecord.Write(numbers)) },
                });
            }
        }

        if (transaction.Success.Count > 0)
        {
            await EtcdUnreachableException.GuardAsync(
                store, async () => await store.Keys.TxnAsync(transaction, EtcdCall.Options(cancellationToken)).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A record that cannot be read is nobody's: it is written anew.</summary>
    private Dictionary<int, ImmutableSortedDictionary<string, int>> Read(KeyListing listed)
    {
        var stored = new Dictionary<int, ImmutableSortedDictionary<string, int>>();
        foreach (var pair in listed.Keys)
        {
            if (EtcdKeys.TryParseSet(keys.Classes, pair.Key.ToStringUtf8(), out var set, out _) && ClassRecord.TryRead(pair.Value.Memory, out var numbers, out _))
            {
                stored[set] = numbers;
            }
        }

        return stored;
    }
}

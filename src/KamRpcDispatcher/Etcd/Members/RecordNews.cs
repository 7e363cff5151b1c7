using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd.Members;

/// <summary>What is to be told of records: that they cannot be used, and what is left out of those that can.</summary>
/// <param name="timeProvider">The clock.</param>
internal sealed class RecordNews(TimeProvider timeProvider)
{
    /// <summary>What is left out of records is told once, whoever writes it and however often: so many things at most.</summary>
    private const int MostRemarks = 20;

    private readonly RejectionCount _rejections = new(timeProvider);
    private readonly List<Rejection> _rejected = [];
    private readonly HashSet<string> _remarks = new(StringComparer.Ordinal);
    private readonly List<(string Key, string Remark)> _leftOut = [];

    public void Rejected(string key, RejectedRecord record)
    {
        if (_rejections.Count(key) is { } times && (times == 0 || int.IsPow2(times)))
        {
            _rejected.Add(new Rejection(record, times));
        }
    }

    public void LeftOut(string key, IEnumerable<string> remarks)
    {
        foreach (var remark in remarks.Where(remark => _remarks.Count < MostRemarks && _remarks.Add(remark)))
        {
            _leftOut.Add((key, remark));
        }
    }

    /// <summary>The records rejected since the last call, each once; of one that is rewritten over and over the first, second, fourth, eighth time; of a crowd some thousand.</summary>
    public IReadOnlyList<Rejection> TakeRejected()
    {
        Rejection[] taken = [.. _rejected];
        _rejected.Clear();
        return taken;
    }

    /// <summary>What was left out of records that are in force, told of the first one only.</summary>
    public IReadOnlyList<(string Key, string Remark)> TakeLeftOut()
    {
        (string, string)[] taken = [.. _leftOut];
        _leftOut.Clear();
        return taken;
    }
}

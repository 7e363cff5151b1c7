using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>A membership that the test sets.</summary>
internal sealed class FakeMembership : IMembershipSource
{
    private Action _changed = static () => { };
    private volatile Membership? _current;

    public Membership? Current => _current;

    public void Set(long revision, params Member[] members) => Set(new Membership(revision, members, []));

    public void Set(Membership membership)
    {
        _current = membership;
        _changed();
    }

    /// <summary>How often following it breaks first.</summary>
    public int Failures { get; set; }

    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        if (Failures-- > 0)
        {
            throw new InvalidOperationException("broken");
        }

        _changed = changed;
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }
}

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>Awaits a condition that is looked at whenever something has happened.</summary>
internal sealed class Milestones
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private volatile TaskCompletionSource _passed = New();

    /// <summary>Something has happened.</summary>
    public void Passed() => Interlocked.Exchange(ref _passed, New()).TrySetResult();

    public async Task WaitUntilAsync(Func<bool> isReached)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            var next = _passed.Task;
            if (isReached())
            {
                return;
            }

            await next.WaitAsync(deadline.Token);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

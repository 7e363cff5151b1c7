namespace KamRpcDispatcher.Dispatch;

/// <summary>"Read again": however often it is raised before it is taken, it is raised once.</summary>
internal sealed class WakeSignal
{
    private volatile TaskCompletionSource _raised = New();

    /// <summary>Completes when the signal is raised.</summary>
    public Task Raised => _raised.Task;

    public void Raise() => _raised.TrySetResult();

    /// <summary>Lowers the signal; whatever raised it before is seen by what the caller reads next.</summary>
    public void Take()
    {
        if (_raised.Task.IsCompleted)
        {
            _raised = New();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

namespace KamRpcDispatcher.Asterisk.Ami;

/// <summary>An action that waits for its answer.</summary>
/// <param name="id">Its ActionID.</param>
/// <param name="isAnswer">Whether a message with this id is the one that is waited for. An error always is.</param>
internal sealed class AmiCall(string id, Func<AmiMessage, bool> isAnswer)
{
    private readonly TaskCompletionSource<AmiMessage> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<AmiMessage> Answer => _answer.Task;

    /// <returns>Whether the message belongs to this action.</returns>
    public bool Take(AmiMessage message)
    {
        if (message.ActionId != id)
        {
            return false;
        }

        if (message.IsError || isAnswer(message))
        {
            _answer.TrySetResult(message);
        }

        return true;
    }

    public void Fail(AmiException exception) => _answer.TrySetException(exception);
}

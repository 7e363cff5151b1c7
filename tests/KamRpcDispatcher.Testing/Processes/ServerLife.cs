namespace KamRpcDispatcher.Testing;

/// <summary>The beginning and the end of what consists of running programs.</summary>
public static class ServerLife
{
    /// <summary>Starts it. When that fails it is disposed of, so that nothing is left running.</summary>
    public static async Task<T> StartOrDisposeAsync<T>(T server, Func<T, Task> start)
        where T : IAsyncDisposable
    {
        try
        {
            await start(server).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends it, if there is one.</summary>
    public static async Task EndAsync(IAsyncDisposable? server)
    {
        if (server is not null)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }
    }
}

using Etcdserverpb;
using Grpc.Core;

namespace KamRpcDispatcher.Etcd.Connection.Security;

/// <summary>The token of etcd's user, which every member of the cluster takes.</summary>
internal sealed class EtcdToken(string user, EtcdCredentials secrets, TimeProvider timeProvider)
{
    /// <summary>How long a password that etcd refused is not tried again: it costs etcd a tenth of a second of processor time.</summary>
    private static readonly TimeSpan RefusalTime = TimeSpan.FromSeconds(5);

    private string? _token;
    private volatile Refusal? _refusal;

    /// <summary>The token that was given last, empty for none.</summary>
    public string Current => Volatile.Read(ref _token) ?? string.Empty;

    /// <summary>The token, empty when etcd's authentication is off; asks for one when there is none.</summary>
    /// <exception cref="RpcException">etcd refuses the user or the password, or cannot be asked.</exception>
    public async Task<string> GetAsync(Auth.AuthClient client, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _token) is { } known)
        {
            return known;
        }

        var password = ReadPassword();
        if (_refusal is { } refusal && refusal.Password == password && timeProvider.GetElapsedTime(refusal.At) < RefusalTime)
        {
            throw new RpcException(refusal.Status);
        }

        var given = await AskAsync(client, password, cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _token, given);
        return given;
    }

    /// <summary>etcd did not take this one.</summary>
    public void Forget(string token) => Interlocked.CompareExchange(ref _token, null, token);

    private string ReadPassword()
    {
        try
        {
            return secrets.ReadPassword();
        }
        catch (InvalidDataException bad)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, bad.Message));
        }
    }

    private async Task<string> AskAsync(Auth.AuthClient client, string password, CancellationToken cancellationToken)
    {
        try
        {
            var request = new AuthenticateRequest { Name = user, Password = password };
            var answer = await client.AuthenticateAsync(request, cancellationToken: cancellationToken).ConfigureAwait(false);
            _refusal = null;
            return answer.Token;
        }
        catch (RpcException off) when (off.StatusCode == StatusCode.FailedPrecondition && !EtcdFailure.IsOfMember(off))
        {
            // etcdctl too goes on without a token then. When it is switched on, calls without one are refused, and this asked again.
            return string.Empty;
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.InvalidArgument)
        {
            var status = new Status(StatusCode.Unauthenticated, $"{refused.Status.Detail}: correct the user '{user}' or its password file, or etcdctl user passwd {user}");
            _refusal = new Refusal(password, timeProvider.GetTimestamp(), status);
            throw new RpcException(status);
        }
    }

    private sealed record Refusal(string Password, long At, Status Status);
}

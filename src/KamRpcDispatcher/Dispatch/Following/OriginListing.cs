using System.Security.Authentication;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Sources.Files;
using KamRpcDispatcher.Sources.Kubernetes.Access;
using KamRpcDispatcher.Sources.Kubernetes.Api;
using KamRpcDispatcher.Sources.Kubernetes.Merging;
using KamRpcDispatcher.Sources.Origins;

namespace KamRpcDispatcher.Dispatch.Following;

/// <summary>Reads once what origins other than etcd bring, each for its sets.</summary>
/// <param name="origins">All of a dispatcher's.</param>
/// <param name="kubeconfig">The file that says how Kubernetes' API server is reached; null for what there is in a pod.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class OriginListing(IReadOnlyList<MemberOrigin> origins, string? kubeconfig, TimeProvider timeProvider)
{
    private const int LongestPath = 512;

    /// <summary>Which of them brings a set's members; null for none.</summary>
    public MemberOrigin? Of(int set) => origins.FirstOrDefault(origin => origin.Sets?.Contains(set) == true) ?? origins.FirstOrDefault(static origin => origin.Sets is null);

    /// <exception cref="OriginUnreadableException">One cannot be read.</exception>
    public async Task<IReadOnlyList<Member>> ReadAsync(CancellationToken cancellationToken)
    {
        var members = new List<Member>();
        foreach (var origin in origins)
        {
            IReadOnlyList<Member> read = origin switch
            {
                FileOrigin file => ReadFile(file.Path),
                KubernetesOrigin kubernetes => await ReadAsync(kubernetes, cancellationToken).ConfigureAwait(false),
                _ => [],
            };
            members.AddRange(read.Where(member => Of(member.Key.Set) == origin));
        }

        return members;
    }

    private static IReadOnlyList<Member> ReadFile(string path)
    {
        var shown = SafeText.Shorten(path, LongestPath);
        try
        {
            return MemberFile.Read(NamedFile.ReadBytes(path, MemberFile.MaxLength)).Members;
        }
        catch (MemberFileException exception)
        {
            throw new OriginUnreadableException($"{shown}:{exception.Message}", exception);
        }
        catch (FileNotFoundException exception)
        {
            throw new OriginUnreadableException($"there is no {shown}", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OriginUnreadableException(SafeText.Shorten(exception.Message, LongestPath), exception);
        }
    }

    private async Task<IReadOnlyList<Member>> ReadAsync(KubernetesOrigin kubernetes, CancellationToken cancellationToken)
    {
        ClusterAccess? access = null;
        var space = kubernetes.Services[0].Namespace;
        try
        {
            using var api = new EndpointSliceApi(access = KubernetesAccess.Read(kubeconfig), WatchTimes.Default, timeProvider);
            var services = new List<ServiceSlices>();
            foreach (var service in kubernetes.Services)
            {
                space = service.Namespace;
                services.Add(new ServiceSlices(service, (await api.ListAsync(service.Namespace, service.Service, cancellationToken).ConfigureAwait(false)).Slices));
            }

            return EndpointMerge.Merge(services).Members;
        }
        catch (Exception exception) when (exception is KubernetesApiException or HttpRequestException or IOException or AuthenticationException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new OriginUnreadableException($"{SafeText.Shorten(kubernetes.Name, LongestPath)} cannot be read: {SafeText.Shorten(ApiFaults.Describe(exception, access, space), LongestPath)}", exception);
        }
    }
}

/// <summary>Where members come from cannot be read; the message is safe to print.</summary>
/// <param name="message">Which, and why.</param>
/// <param name="inner">What was thrown.</param>
public sealed class OriginUnreadableException(string message, Exception inner) : Exception(message, inner);

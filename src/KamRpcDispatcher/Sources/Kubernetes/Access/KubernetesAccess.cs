namespace KamRpcDispatcher.Sources.Kubernetes.Access;

/// <summary>Finds how the API server is reached: by a kubeconfig file that is given, by the one that <c>KUBECONFIG</c> names, else by the pod's service account.</summary>
public static class KubernetesAccess
{
    private const string Variable = "KUBECONFIG";

    /// <summary>Why the API server can never be reached so: a sentence that says what to do; null for no reason. Nobody is asked, and files that a kubeconfig names may come later: they are waited for, as the server is.</summary>
    /// <param name="kubeconfig">The file; null for none given.</param>
    public static string? WhyUnusable(string? kubeconfig)
    {
        try
        {
            (Read(kubeconfig) with { AuthorityFile = null, CertificateFile = null, KeyFile = null }).ReadTls();
            return null;
        }
        catch (InvalidDataException reason)
        {
            return reason.Message;
        }
    }

    /// <summary>As it is now: files are read anew each time.</summary>
    /// <exception cref="InvalidDataException">There is none that can be used: it says what to do.</exception>
    internal static ClusterAccess Read(string? kubeconfig) => Read(kubeconfig, Environment.GetEnvironmentVariable, ServiceAccount.Folder);

    /// <inheritdoc cref="Read(string?)"/>
    internal static ClusterAccess Read(string? kubeconfig, Func<string, string?> variable, string folder)
    {
        var file = string.IsNullOrEmpty(kubeconfig) ? variable(Variable) : kubeconfig;
        if (string.IsNullOrEmpty(file))
        {
            return ServiceAccount.Find(variable, folder, out var error) ?? throw new InvalidDataException(error);
        }

        return string.IsNullOrEmpty(kubeconfig) && file.Contains(':', StringComparison.Ordinal)
            ? throw new InvalidDataException($"{Variable} names several files, of which kamrpc reads one: give that with --kubeconfig")
            : KubeConfigReader.Read(file);
    }
}

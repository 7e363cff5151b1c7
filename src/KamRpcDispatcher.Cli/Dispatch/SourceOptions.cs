using System.CommandLine;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Sources.Kubernetes.Access;
using KamRpcDispatcher.Sources.Origins;

namespace KamRpcDispatcher.Cli.Dispatch;

/// <summary>Where members come from: <c>--source</c>.</summary>
internal static class SourceOptions
{
    private static readonly Option<string[]> Source = CommonOptions.Texts("--source", $"Where members come from: {MemberOrigins.Forms} (repeatable, for different sets). [default: etcd]", OptionGroup.Needed, "etcd", "file:", "kubernetes:");

    private static readonly Option<string?> KubeConfig =
        CommonOptions.FileName("--kubeconfig", "With --source kubernetes: how its API server is reached. [default: KUBECONFIG, or the pod's]", OptionGroup.Needed);

    public static void AddTo(Command command)
    {
        command.Add(Source);
        command.Add(KubeConfig);
    }

    /// <summary>Whether somebody says where members come from, by an option or a variable.</summary>
    public static bool IsGiven(OptionReader options) => options.Texts(Source).Count > 0;

    /// <summary>The file of <c>--kubeconfig</c>.</summary>
    public static string? ReadKubeConfig(OptionReader options) => options.Text(KubeConfig);

    public static IReadOnlyList<MemberOrigin> Read(OptionReader options)
    {
        var origins = MemberOrigins.Parse(options.Texts(Source), out var errors);
        foreach (var error in errors)
        {
            options.Add(Source, error);
        }

        var kubeconfig = options.Text(KubeConfig);
        if (!origins.Any(static origin => origin is KubernetesOrigin))
        {
            if (errors.Count == 0 && kubeconfig is not null && !options.IsVariable(KubeConfig))
            {
                options.Add(KubeConfig, $"goes with {Source.Name} kubernetes:NAMESPACE/SERVICE=SET, which is not given");
            }
        }
        else if (KubernetesAccess.WhyUnusable(kubeconfig) is { } reason)
        {
            options.Add(kubeconfig is null ? Source : KubeConfig, reason);
        }

        if (errors.Count == 0 && origins.All(static origin => origin is not EtcdOrigin))
        {
            EtcdOptionSet.Refuse(options, $"goes with {Source.Name} etcd, which is not given: without it no etcd is used. Leave it out, or add {Source.Name} etcd");
        }

        return origins;
    }
}

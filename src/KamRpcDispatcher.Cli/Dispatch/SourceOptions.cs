using System.CommandLine;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Sources.Origins;

namespace KamRpcDispatcher.Cli.Dispatch;

/// <summary>Where members come from: <c>--source</c>.</summary>
internal static class SourceOptions
{
    private static readonly Option<string[]> Source = CommonOptions.Texts("--source", $"Where members come from: {MemberOrigins.Forms} (repeatable, for different sets). [default: etcd]", OptionGroup.Needed, "etcd", "file:", "kubernetes:");

    public static void AddTo(Command command) => command.Add(Source);

    public static IReadOnlyList<MemberOrigin> Read(OptionReader options)
    {
        var origins = MemberOrigins.Parse(options.Texts(Source), out var errors);
        foreach (var error in errors)
        {
            options.Add(Source, error);
        }

        if (origins.Any(static origin => origin is KubernetesOrigin))
        {
            options.Add(Source, "Kubernetes is not followed by this version");
        }

        if (origins.All(static origin => origin is not EtcdOrigin))
        {
            EtcdOptionSet.Refuse(options, $"goes with {Source.Name} etcd, which is not given: without it no etcd is used. Leave it out, or add {Source.Name} etcd");
        }

        return origins;
    }
}

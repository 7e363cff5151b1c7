using System.Diagnostics;
using System.Text.Json;

namespace KamRpcDispatcher.Testing;

/// <summary>The image of kamrpc that tests/run.sh --container has built: its files, and how its Dockerfile says that it is run.</summary>
/// <param name="Root">The folder with its files.</param>
/// <param name="User">As whom: <c>UID:GID</c>.</param>
/// <param name="Variables">Each as <c>NAME=VALUE</c>.</param>
/// <param name="Entrypoint">The program.</param>
/// <param name="Command">Its arguments, when none are given.</param>
/// <param name="Volumes">Where it can write though its root is read-only.</param>
/// <param name="Labels">What it says of itself.</param>
/// <param name="Health">The command of its health check.</param>
/// <param name="BaseFiles">What the image that it was built on has, but folders.</param>
public sealed record ContainerImage(
    string Root, string User, IReadOnlyList<string> Variables, IReadOnlyList<string> Entrypoint, IReadOnlyList<string> Command, IReadOnlyList<string> Volumes,
    IReadOnlyDictionary<string, string> Labels, IReadOnlyList<string> Health, IReadOnlySet<string> BaseFiles)
{
    /// <summary>Environment variable that names the folder which tests/container/build.sh has filled.</summary>
    public const string FolderVariable = "KAMRPC_TEST_IMAGE";

    /// <summary>Skips the running test, of category "Container", when there is none; with CI=true it fails instead.</summary>
    public static ContainerImage Require()
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is not { Length: > 0 } folder)
        {
            RealServers.Lack($"{FolderVariable} names no folder with an image of kamrpc (tests/run.sh --container builds one)");
            throw new UnreachableException();
        }

        // As "buildah inspect" tells it.
        var image = JsonElement.Parse(File.ReadAllText(Path.Combine(folder, "image.json")));
        var config = image.GetProperty("OCIv1").GetProperty("config");
        return new ContainerImage(
            Path.Combine(folder, "rootfs"),
            config.GetProperty(nameof(User)).GetString()!,
            Texts("Env"),
            Texts("Entrypoint"),
            Texts("Cmd"),
            config.TryGetProperty(nameof(Volumes), out var volumes) ? [.. volumes.EnumerateObject().Select(static volume => volume.Name)] : [],
            config.GetProperty(nameof(Labels)).EnumerateObject().ToDictionary(static label => label.Name, static label => label.Value.GetString()!),
            [.. image.GetProperty("Docker").GetProperty("config").GetProperty("Healthcheck").GetProperty("Test").EnumerateArray().Select(static text => text.GetString()!)],
            File.ReadLines(Path.Combine(folder, "base.txt")).Select(static line => line[2..]).ToHashSet(StringComparer.Ordinal));

        string[] Texts(string name) => config.TryGetProperty(name, out var texts) ? [.. texts.EnumerateArray().Select(static text => text.GetString()!)] : [];
    }
}

using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Packages;

/// <summary>The packages for NuGet: what is in them, and whether somebody can use them.</summary>
public class NuGetPackageTests
{
    private static readonly string[] Ids = ["KamailioRpc", "KamRpcDispatcher", "kamrpc"];

    private TemporaryFolder _folder = null!;
    private string _version = null!;

    [OneTimeSetUp]
    public async Task SetUp()
    {
        _folder = new TemporaryFolder();

        // A version of its own: what is installed by number is kept by number. Nothing is built: the tests' own programs are packed.
        _version = $"0.0.1-test{Environment.ProcessId}";
        await ShellAsync($"src/KamRpcDispatcher.Cli/Packaging/pack.sh \"$1\" --no-build -p:Version={_version} -p:Configuration={Configuration}", _folder.Path);
    }

    [OneTimeTearDown]
    public void TearDown() => _folder.Dispose();

    [TestCaseSource(nameof(Ids))]
    public void A_package_has_a_README_a_license_and_symbols(string id)
    {
        using var package = ZipFile.OpenRead(_folder.File($"{id}.{_version}.nupkg"));
        using var symbols = ZipFile.OpenRead(_folder.File($"{id}.{_version}.snupkg"));
        using var description = package.GetEntry($"{id}.nuspec")!.Open();
        var facts = XDocument.Load(description).Root!.Elements().Single().Elements().ToLookup(static fact => fact.Name.LocalName, static fact => fact.Value);

        Assert.That((facts["readme"].Single(), facts["license"].Single(), facts["description"].Single().Length > 20), Is.EqualTo(("README.md", "MIT", true)));
        Assert.That(package.Entries.Select(static entry => entry.FullName), Has.Member("README.md").And.Some.EndsWith(id == "kamrpc" ? "kamrpc.dll" : $"{id}.xml"));
        Assert.That(symbols.Entries.Select(static entry => entry.FullName), Has.Some.EndsWith($"{id}.pdb"));
    }

    [Test]
    public async Task The_tool_is_installed_and_run()
    {
        await ShellAsync(
            """
            printf '<configuration><packageSources><clear /><add key="here" value="%s" /></packageSources></configuration>' "$1" >"$1/nuget.config"
            dotnet tool install kamrpc --version "$2" --tool-path "$1/tool" --configfile "$1/nuget.config"
            """,
            _folder.Path,
            _version);

        var (exitCode, output) = await RunAsync(_folder.File("tool/kamrpc"), "--version");

        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output, Does.Match(@"^\d+\.\d+\.\d+\S* \((managed|native), linux-\w+, \.NET \d+\.\d+\.\d+\)\n$"));
    }

    /// <summary>Built against the packages and nothing else of ours, by somebody who has what they need.</summary>
    [Test]
    public async Task A_program_is_built_with_the_libraries()
    {
        File.WriteAllText(_folder.File("user.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <RestorePackagesPath>{_folder.Path}/packages</RestorePackagesPath>
                <RestoreAdditionalProjectSources>{_folder.Path}</RestoreAdditionalProjectSources>
                <RestoreFallbackFolders>{await GlobalPackagesAsync()}</RestoreFallbackFolders>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="KamRpcDispatcher" Version="{_version}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(_folder.File("Program.cs"), """
            [assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

            Console.WriteLine(KamailioRpc.KamailioAddress.Parse("jsonrpc+udp://127.0.0.1:8090"));
            Console.WriteLine(new KamRpcDispatcher.Destinations.MemberKey(1, "a1"));
            """);

        var (exitCode, output) = await RunAsync("dotnet", "run", "--project", _folder.File("user.csproj"), "-v", "quiet");

        Assert.That((exitCode, output), Is.EqualTo((0, "jsonrpc+udp://127.0.0.1:8090\n1/a1\n")));
    }

    private static string Configuration => AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    private static async Task<string> GlobalPackagesAsync()
    {
        var (_, output) = await RunAsync("dotnet", "nuget", "locals", "global-packages", "--list", "--force-english-output");
        return output.Split(": ", 2)[1].Trim();
    }

    private static async Task ShellAsync(string script, params string[] arguments)
    {
        var (exitCode, output) = await RunAsync("sh", ["-euc", script, "sh", .. arguments]);
        Assert.That(exitCode, Is.Zero, output);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = RealServers.RepositoryRoot, RedirectStandardOutput = true, RedirectStandardError = true };

        // As the tests found it, and no server of the build left behind that keeps the pipes open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, process.ExitCode == 0 ? await output : await output + await errors);
    }
}

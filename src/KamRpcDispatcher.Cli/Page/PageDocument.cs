using System.Security.Cryptography;
using System.Text;

namespace KamRpcDispatcher.Cli.Page;

/// <summary>The page as one file: nothing of it comes from elsewhere, and a browser is told so.</summary>
internal static class PageDocument
{
    private const string Folder = "KamRpcDispatcher.Cli.Page.Document.";

    private static readonly string Style = Read("page.css");

    /// <summary>One script of several files, in the order of their names.</summary>
    private static readonly string Script = string.Concat(Scripts.Select(Read));

    public static byte[] Bytes { get; } = Encoding.UTF8.GetBytes(Read("page.html").Replace("/*STYLE*/", Style, StringComparison.Ordinal).Replace("/*SCRIPT*/", Script, StringComparison.Ordinal));

    /// <summary>Of scripts and styles that one which is there, known by its digest; connections to where the page is from; and no text can become markup.</summary>
    public static string Policy { get; } =
        $"default-src 'none'; script-src '{Digest(Script)}'; style-src '{Digest(Style)}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    private static IEnumerable<string> Scripts => typeof(PageDocument).Assembly.GetManifestResourceNames().Where(static name => name.StartsWith(Folder, StringComparison.Ordinal) && name.EndsWith(".js", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal).Select(static name => name[Folder.Length..]);

    private static string Digest(string text) => "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string Read(string name)
    {
        using var stream = typeof(PageDocument).Assembly.GetManifestResourceStream(Folder + name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}

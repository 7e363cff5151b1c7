namespace KamRpcDispatcher.Cli.Output;

/// <summary>How an answer is written.</summary>
internal enum OutputFormat
{
    /// <summary>For people.</summary>
    Table,

    /// <summary>For programs.</summary>
    Json,

    /// <summary>The same as <see cref="Json"/>, for programs and people.</summary>
    Yaml,
}

/// <summary>Writes an answer in the format that was asked for.</summary>
internal static class Answer
{
    public static string In(OutputFormat format, Func<string> json, Func<string> table) => format switch
    {
        OutputFormat.Json => json(),
        OutputFormat.Yaml => YamlText.Of(json()),
        _ => table(),
    };
}

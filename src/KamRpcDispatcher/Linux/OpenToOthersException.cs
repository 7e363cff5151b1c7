namespace KamRpcDispatcher.Linux;

/// <summary>A file that others may write, so that its content is not believed. It may be in order otherwise.</summary>
/// <param name="message">Which file, and what helps.</param>
internal sealed class OpenToOthersException(string message) : IOException(message);

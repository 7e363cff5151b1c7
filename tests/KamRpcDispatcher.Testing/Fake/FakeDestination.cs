namespace KamRpcDispatcher.Testing;

/// <summary>One destination as <c>dispatcher.list</c> shows it.</summary>
/// <param name="Set">The set's id.</param>
/// <param name="Uri">The SIP URI, in the letters in which it was added.</param>
/// <param name="Flags">A, I, D or T, then P or X: "AP", "AX", "DX", "IP".</param>
/// <param name="Priority">Higher ones are listed first.</param>
/// <param name="Attrs">The attributes' body; null when the destination has none.</param>
public sealed record FakeDestination(int Set, string Uri, string Flags, int Priority, string? Attrs);

namespace KamRpcDispatcher.Testing;

/// <summary>
/// While it lives, orphans below this process become its children, as they do those of the first process of a container: who does not wait
/// for them has zombies.
/// </summary>
public sealed class Orphanage : IDisposable
{
    private const int SetChildSubreaper = 36;

    public Orphanage() => _ = LibC.Prctl(SetChildSubreaper, 1);

    public void Dispose() => _ = LibC.Prctl(SetChildSubreaper, 0);
}

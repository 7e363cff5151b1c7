namespace KamRpcDispatcher.Testing;

/// <summary>What kind of Kamailio a <see cref="FakeKamailio"/> plays.</summary>
public sealed record FakeKamailioOptions
{
    /// <summary>Whether its config has the table of share maps, as the snippet's has.</summary>
    public bool HasShares { get; init; }

    /// <summary>Decides how <c>dispatcher.add</c> reads its parameters, and is what <c>core.version</c> answers.</summary>
    public string Version { get; init; } = "5.6.3";

    /// <summary><c>ds_load_mode</c>: 1 refuses a destination that it cannot use, 0 answers Ok and leaves it out.</summary>
    public int LoadMode { get; init; } = 1;

    /// <summary>
    /// Whether it counts the readers of its table, as 6.2 does: with load mode 1 a refused add keeps a reference, and the next add, remove or
    /// reload is carried out but never returns, and with it nothing else over that transport.
    /// </summary>
    public bool CountsReaders { get; init; }

    /// <summary><c>reload_delta</c>: structural changes within it are answered with "Ongoing reload". Whole seconds, as in Kamailio.</summary>
    public TimeSpan ReloadDelta { get; init; } = TimeSpan.Zero;

    public bool PrettyFormat { get; init; }

    /// <summary>
    /// A larger reply is dropped without a word to the client. jsonrpcs has a send buffer of 128 KiB, of which the kernel keeps
    /// 32 bytes.
    /// </summary>
    public int MaxReplyBytes { get; init; } = (128 * 1024) - 32;

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>What <c>core.psx</c> lists. By default this process twice: as the attendant and as the RPC worker, neither of which routes calls.</summary>
    public IReadOnlyList<FakeProcess> Processes { get; init; } =
    [
        new(Environment.ProcessId, "main process - attendant"),
        new(Environment.ProcessId, "JSONRPCS DATAGRAM"),
    ];
}

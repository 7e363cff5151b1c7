using KamRpcDispatcher.Cli.Host;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

public class StartMemoryTests
{
    private const string Program = "/usr/bin/kamrpc";

    [Test]
    public void Only_what_is_as_the_file_is_and_cannot_be_written_to_is_given_back()
    {
        string[] smaps =
        [
            "555d58743000-555d58777000 r--p 00000000 fe:00 5687565                    /usr/bin/kamrpc", "Size:                208 kB", "Rss:                 208 kB", "Anonymous:             0 kB", "VmFlags: rd mr mw me sd",
            "555d58777000-555d59548000 r-xp 00034000 fe:00 5687565                    /usr/bin/kamrpc", "Rss:               13380 kB", "Anonymous:             0 kB",
            "555d59daa000-555d59dab000 r--p 01667000 fe:00 5687565                    /usr/bin/kamrpc", "Rss:                   4 kB", "Anonymous:             4 kB",
            "555d5a2f3000-555d5a36d000 rw-p 01baf000 fe:00 5687565                    /usr/bin/kamrpc", "Rss:                 488 kB", "Anonymous:             0 kB",
            "7fcd0d620000-7fcd0d682000 r--p 0041f000 fe:00 332131                     /usr/lib/x86_64-linux-gnu/libcrypto.so.3", "Rss:                 392 kB", "Anonymous:             0 kB",
            "7fcd0d000000-7fcd0d010000 r-xp 000c5000 fe:00 332131                     /usr/lib/x86_64-linux-gnu/libcrypto.so.3", "Rss:                  64 kB", "Anonymous:             0 kB",
            "7fcd0d010000-7fcd0d020000 rwxp 000c5000 fe:00 332131                     /usr/lib/x86_64-linux-gnu/libodd.so", "Rss:                  64 kB", "Anonymous:             0 kB",
            "7fff314d0000-7fff314d2000 r-xp 00000000 00:00 0                          [vdso]", "Rss:                   4 kB", "Anonymous:             0 kB",
            "7fcd0d682000-7fcd0d683000 r--p 00000000 00:00 0 ", "Rss:                   4 kB", "Anonymous:             0 kB",
        ];

        Assert.That(StartMemory.Untouched(smaps, Program), Is.EqualTo(new (nuint, nuint)[] { (unchecked((nuint)0x555d58743000UL), 0x34000), (unchecked((nuint)0x555d58777000UL), 0xdd1000), (unchecked((nuint)0x7fcd0d000000UL), 0x10000) }));
    }

    [Test]
    public void Of_another_file_only_code_is_given_back() =>
        Assert.That(StartMemory.Untouched(["555d58743000-555d58777000 r--p 00000000 fe:00 5687565                    /usr/bin/kamrpc.dpkg-tmp (deleted)", "Anonymous:             0 kB"], Program), Is.Empty);
}

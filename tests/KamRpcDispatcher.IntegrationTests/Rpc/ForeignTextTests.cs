using System.Text;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Rpc;

/// <summary>What other people wrote into a list file, as a real Kamailio shows it by every transport.</summary>
[Category("Matrix")]
public class ForeignTextTests
{
    private OpenKamailio _kamailio = null!;

    private static IReadOnlyList<string> Transports => OpenKamailio.Transports;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        RealServers.Require("kamailio");
        _kamailio = await OpenKamailio.StartAsync(KamailioOptions.WithLatePings);
        string[] lines =
        [
            "1 sip:127.0.0.1:7000 0 9 duid=plain",
            "2 sip:127.0.0.1:7001 0 8 duid=Z\u00fcrich",
            "2 sip:127.0.0.1:7002 0 7 duid=a\"b\\c\\",
            "2 sip:127.0.0.1:7003 0 6 duid=a\u0001\u001b[31m\u007f",
            "2 sip:us\u00fcer@127.0.0.1:7004 0 5 duid=u",
            "2 sip:127.0.0.1:7005 0 4 duid=x\"},\"URI\":\"sip:evil",
        ];
        foreach (var server in new[] { _kamailio.Server("jsonrpc+unix"), _kamailio.Server("jsonrpc+udp") })
        {
            // One byte a character: so that some are no UTF-8.
            await File.WriteAllBytesAsync(server.ListFile, Encoding.Latin1.GetBytes(string.Join('\n', lines) + "\n"));
            await server.CallAsync("dispatcher.reload");
        }
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await (_kamailio?.DisposeAsync() ?? default);

    [TestCaseSource(nameof(Transports))]
    public async Task Every_entry_is_read_or_named(string transport)
    {
        await using var client = _kamailio.Client(transport);

        var list = await client.ListDestinationsAsync(ListMode.Normal, CancellationToken.None);

        Assert.Multiple(() =>
        {
            Assert.That(list.OrderByDescending(static entry => entry.Priority).Select(static entry => (entry.Set, entry.Uri, entry.Attributes, entry.Duid, entry.IsExact)), Is.EqualTo(new[]
            {
                (1, "sip:127.0.0.1:7000", "duid=plain", "plain", true),
                (2, "sip:127.0.0.1:7001", "duid=Z\\xfcrich", "Z\\xfcrich", false),
                (2, "sip:127.0.0.1:7002", "duid=a\"b\\c\\", "a\"b\\c\\", true),
                (2, "sip:127.0.0.1:7003", "duid=a\u0001\u001b[31m\u007f", "a\u0001\u001b[31m\u007f", true),

                // A comma ends a parameter of Kamailio's.
                (2, "sip:127.0.0.1:7005", "duid=x\"},\"URI\":\"sip:evil", "x\"}", true),
            }));
            Assert.That(list.Unreadable, Is.EqualTo(new[] { new UnreadableEntry(2, "sip:us\\xfcer@127.0.0.1:7004", "its URI has bytes that are not UTF-8") }));
        });
    }

    /// <summary>Over the FIFO such a text once kept Kamailio from finding the end of this and of every later request.</summary>
    [TestCaseSource(nameof(Transports))]
    public async Task A_backslash_at_the_end_of_a_text_arrives(string transport)
    {
        await using var client = _kamailio.Client(transport);
        foreach (var text in new[] { "a\\", "\\", "a\\\"", "'{\\" })
        {
            var echoed = (await client.InvokeAsync("core.prints", [text, "end"], CancellationToken.None)).ToElement();
            Assert.That(echoed.EnumerateArray().Select(static element => element.GetString()), Is.EqualTo(new[] { text, "end" }));
        }
    }

    [Test]
    public async Task The_longest_request_that_Kamailios_FIFO_takes_is_sent_and_a_longer_one_is_not()
    {
        await using var client = _kamailio.Client("jsonrpc+fifo");
        var most = client.Address.RequestLimit!.Value;
        var without = 0;
        for (var length = most; without == 0; length--)
        {
            try
            {
                await client.InvokeAsync("core.prints", [new string('x', length), "end"], CancellationToken.None);
                without = length;
            }
            catch (KamailioUnsafeRequestException)
            {
                // Too long still.
            }
        }

        Assert.That(without, Is.InRange(most - 150, most - 50));
    }
}

using System.Diagnostics;
using System.Text;
using KamRpcDispatcher.IntegrationTests.Fleets;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Telemetry;

/// <summary>The events of the page, of real daemons beside a real Kamailio, without a browser.</summary>
public sealed class PageStreamTests
{
    private const string A = "sip:127.0.73.1:5060";
    private const string B = "sip:127.0.73.2:5060";

    [Test]
    public async Task What_changes_is_told_within_a_second_and_Kamailio_is_followed_on_while_etcd_is_away()
    {
        await using var fleet = await Fleet.StartAsync(options: null, "--metrics", "127.0.0.1:0");
        using var http = await Scrape.OfAsync(fleet.Dispatcher);
        await fleet.PutUriAsync("1/a", A);
        await fleet.PutUriAsync("1/b", B);
        await fleet.WaitForListAsync(static list => list.Count == 2);
        await using var events = await EventStream.OpenAsync(new Uri(http.Address, "events"));
        await events.WaitAsync("\"answer\":\"2 of 2 get calls\"");

        await fleet.PutAsync("1/b", $"{{\"uri\":\"{B}\",\"state\":\"draining\",\"reason\":\"new kernel\"}}");
        var begun = Stopwatch.GetTimestamp();
        await events.WaitAsync("\"why\":\"new kernel\"");
        var elapsed = Stopwatch.GetElapsedTime(begun);
        await TestContext.Out.WriteLineAsync($"from etcd's answer to the event: {elapsed.TotalMilliseconds:0} ms");
        Assert.That(elapsed, Is.LessThan(TimeSpan.FromSeconds(1)));
        await events.WaitAsync("\"flags\":\"DX\"");
        Assert.That((await Kamrpc.RunAsync("drain", "a", "--set", "1", "--force", "--reason", "moved", "--etcd", fleet.Etcd.Endpoint)).ExitCode, Is.Zero);
        await events.WaitAsync("\"what\":\"drain\"");

        await fleet.Etcd.StopAsync();
        await events.WaitAsync("\"answers\":false");
        await fleet.Kamailio.StopAsync();
        await events.WaitAsync("\"kamailio\":\"LOST\"");
    }

    [Test]
    public async Task A_page_of_the_cluster_starts_without_etcd_claims_nothing_and_shows_what_is_when_it_is_there()
    {
        await using var fleet = await Fleet.StartAsync();
        await fleet.PutUriAsync("1/a", A);
        await fleet.ReportedAsync(serving: 1);
        await fleet.Etcd.StopAsync();
        var page = fleet.Start(["page", "--etcd", fleet.Etcd.Endpoint, "--listen", "127.0.0.1:0"]);
        var line = await page.WaitForLineAsync("The page is at ", Fleet.Deadline);
        await using var events = await EventStream.OpenAsync(new Uri(line.Split("The page is at ")[1].Split(' ')[0] + "events"));
        Assert.That(await events.WaitAsync("\"answers\":false"), Does.Contain("\"known\":false").And.Contain("\"findings\":[]"));

        await fleet.Etcd.StartAgainAsync();
        Assert.That(await events.WaitAsync("\"name\":\"a\""), Does.Contain("\"known\":true").And.Contain("\"answers\":true"));
    }

    /// <summary>A stream of events, as a browser reads it.</summary>
    private sealed class EventStream : IAsyncDisposable
    {
        private readonly HttpClient _client;
        private readonly StreamReader _reader;
        private string _last = string.Empty;

        private EventStream(HttpClient client, Stream stream) => (_client, _reader) = (client, new StreamReader(stream, Encoding.UTF8));

        public static async Task<EventStream> OpenAsync(Uri address)
        {
            var client = new HttpClient { Timeout = Fleet.Deadline };
            return new EventStream(client, await client.GetStreamAsync(address));
        }

        /// <summary>The event that has a text: the one that was read last, or the first from there on.</summary>
        public async Task<string> WaitAsync(string text)
        {
            using var deadline = new CancellationTokenSource(Fleet.Deadline);
            try
            {
                while (!_last.Contains(text, StringComparison.Ordinal))
                {
                    var line = await _reader.ReadLineAsync(deadline.Token) ?? throw new IOException($"the stream has ended before {text}; last: {_last}");
                    _last = line.StartsWith("data: ", StringComparison.Ordinal) ? line : _last;
                }

                return _last;
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"no {text}; last: {_last}");
            }
        }

        public ValueTask DisposeAsync()
        {
            _reader.Dispose();
            _client.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

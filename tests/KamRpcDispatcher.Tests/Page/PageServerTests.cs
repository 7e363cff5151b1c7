using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Page;
using KamRpcDispatcher.Cli.Telemetry;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Page;

/// <summary>The page over HTTP, by a real server.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed partial class PageServerTests : IAsyncDisposable
{
    private const string Secret = "0123456789abcdef0123456789abcdef";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly IPEndPoint _address = new(IPAddress.Loopback, RealServers.FreePort());
    private readonly CancellationTokenSource _life = new();
    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client;
    private readonly Task _running;
    private readonly Task _following;

    public PageServerTests()
    {
        _client = new HttpClient { BaseAddress = new Uri($"http://{_address}"), Timeout = Deadline };
        var feed = new PageFeed(new PageSource("c", new FakePageStore { View = PageRig.Fleet(300) }, null, TimeProvider.System), mostWatchers: 2, TimeProvider.System, NullLogger<PageFeed>.Instance);
        var file = Path.Combine(_folder.Path, "token");
        File.WriteAllText(file, Secret);
        Assert.That(BearerToken.TryRead(file, out var token, out _), Is.True);
        var subject = new HttpSubject { IsAlive = static () => true, Page = new PageAnswers(feed, TimeProvider.System) };
        var answers = new HttpAnswers(subject, new HttpAccess(new MetricsExposure(_address, [], token, null)), new HttpPace(TimeProvider.System));
        _running = new MetricsServer(_address, answers, TimeProvider.System, NullLogger<MetricsServer>.Instance).RunAsync(_life.Token);
        _following = feed.RunAsync(_life.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync();
        await Task.WhenAll(_running, _following).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
        _life.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task The_page_itself_asks_for_no_token_has_no_data_and_says_that_nothing_comes_from_elsewhere()
    {
        using var response = await GetAsync("/", token: null);
        var text = await response.Content.ReadAsStringAsync();

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(response.Content.Headers.ContentType!.ToString(), Is.EqualTo("text/html; charset=utf-8"));
        Assert.That(response.Headers.GetValues("Content-Security-Policy").Single(), Does.StartWith("default-src 'none'; script-src 'sha256-").And.Not.Contains("unsafe"));
        Assert.That(text, Does.Not.Contain("m001").And.Not.Contain("/*SCRIPT*/").And.Not.Contain("innerHTML"));
        Assert.That(Elsewhere().Matches(text).Select(static match => match.Value), Is.EqualTo(new[] { "http://www.w3.org" }), "the name of SVG");
        foreach (var path in new[] { "/EVENTS", "/x", "/page.html" })
        {
            using var other = await GetAsync(path, Secret);
            Assert.That(other.StatusCode, Is.EqualTo(HttpStatusCode.NotFound), path);
        }
    }

    [Test]
    public async Task Events_are_for_who_shows_the_token_and_begin_with_everything()
    {
        using (var refused = await GetAsync("/events", token: null))
        {
            Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        }

        using var response = await GetAsync("/events", Secret);
        Assert.That((response.StatusCode, response.Content.Headers.ContentType!.MediaType, response.Headers.CacheControl!.NoStore), Is.EqualTo((HttpStatusCode.OK, "text/event-stream", true)));
        await using var events = await response.Content.ReadAsStreamAsync();
        Assert.That(await ReadUntilAsync(events, "\"name\":\"m300\""), Does.StartWith("event: state\ndata: {\"whole\":"));
    }

    [Test]
    public async Task Too_many_streams_are_sent_away_with_what_to_do_and_one_that_leaves_makes_room()
    {
        var one = await GetAsync("/events", Secret);
        using var two = await GetAsync("/events", Secret);
        using (var third = await GetAsync("/events", Secret))
        {
            Assert.That((third.StatusCode, await third.Content.ReadAsStringAsync()), Is.EqualTo((HttpStatusCode.ServiceUnavailable, "2 pages are open here already: close one, or look at the page of another proxy, or at 'kamrpc page'\n")));
        }

        one.Dispose();
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            using var again = await GetAsync("/events", Secret);
            if (again.StatusCode == HttpStatusCode.OK)
            {
                break;
            }

            await Task.Delay(50, deadline.Token);
        }
    }

    private async Task<HttpResponseMessage> GetAsync(string path, string? token)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (token is not null)
            {
                request.Headers.Authorization = new("Bearer", token);
            }

            try
            {
                return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
                await Task.Delay(20, deadline.Token);
            }
        }
    }

    private static async Task<string> ReadUntilAsync(Stream stream, string text)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var (read, buffer) = (new StringBuilder(), new byte[64 * 1024]);
        while (!read.ToString().Contains(text, StringComparison.Ordinal))
        {
            var length = await stream.ReadAsync(buffer, deadline.Token);
            Assert.That(length, Is.Positive, "the stream has ended");
            read.Append(Encoding.UTF8.GetString(buffer, 0, length));
        }

        return read.ToString();
    }

    [GeneratedRegex(@"\b[a-z]+://[\w.]+")]
    private static partial Regex Elsewhere();
}

using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.IntegrationTests.Telemetry;
using KamRpcDispatcher.Testing;
using Microsoft.Playwright;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace KamRpcDispatcher.Browser;

/// <summary>The page in a browser: of a dispatcher beside a real Kamailio, and of a whole cluster.</summary>
public sealed class PageTests
{
    private const string A = "sip:127.0.71.1:5060";
    private const string B = "sip:127.0.71.2:5060";
    private const string Hostile = "<img src=x onerror=console.error(1)>";

    private static readonly LocatorAssertionsToHaveCountOptions Patient = new() { Timeout = 20_000 };
    private static readonly LocatorAssertionsToContainTextOptions PatientText = new() { Timeout = 20_000 };

    /// <summary>Where pictures of the page go; null for nowhere.</summary>
    private static string? Pictures => Environment.GetEnvironmentVariable("KAMRPC_TEST_PICTURES");

    [Test]
    public async Task What_is_so_is_shown_and_what_changes_within_a_second_and_nothing_is_complained_of()
    {
        await using var fleet = await Fleet.StartAsync(options: null, "--metrics", "127.0.0.1:0");
        using var http = await Scrape.OfAsync(fleet.Dispatcher);
        await fleet.PutUriAsync("1/a", A);
        await fleet.PutAsync("1/b", $"{{\"uri\":\"{B}\",\"labels\":{{\"version\":\"v2\"}},\"reason\":\"{Hostile}\"}}");
        await using var browser = await Browser.StartAsync();
        var page = await browser.OpenAsync(http.Address);
        await Expect(page.Locator("#sets tbody tr")).ToHaveCountAsync(2, Patient);
        await Expect(Row(page, "a")).ToContainTextAsync("CALLS", PatientText);
        await Expect(Row(page, "b")).ToContainTextAsync(Hostile, PatientText);
        Assert.That(await page.Locator("img").CountAsync(), Is.Zero);
        Assert.That(await page.Locator("#proxies").InnerTextAsync(), Does.Contain("p1").And.Contain("synced"));
        Assert.That(await page.Locator(".commands").InnerTextAsync(), Does.Contain("kamcmd dispatcher.list"));
        await Expect(page.Locator("#live-text")).ToHaveTextAsync("live");

        Assert.That((await Kamrpc.RunAsync("drain", "a", "--set", "1", "--reason", "kernel update", "--etcd", fleet.Etcd.Endpoint)).ExitCode, Is.Zero);
        await Expect(Row(page, "a")).ToContainTextAsync("drained", PatientText);
        await Expect(Row(page, "a")).ToContainTextAsync("kernel update");
        await Expect(Row(page, "a")).ToContainTextAsync("DX", PatientText);
        await Expect(page.Locator("#changes")).ToContainTextAsync("kernel update", PatientText);

        var times = new List<double>();
        for (var change = 0; change < 5; change++)
        {
            var state = change % 2 == 0 ? "draining" : "ready";
            await fleet.PutAsync("1/b", $"{{\"uri\":\"{B}\",\"state\":\"{state}\",\"reason\":\"change {change}\"}}");
            var begun = Stopwatch.GetTimestamp();
            await Expect(Row(page, "b")).ToContainTextAsync($"change {change}", PatientText);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        await TestContext.Out.WriteLineAsync($"from etcd's answer to the page: {string.Join(", ", times.Select(static time => $"{time:0}"))} ms");
        Assert.That(times, Has.All.LessThan(1000));
        Assert.That(browser.Complaints, Is.Empty);
    }

    [Test]
    public async Task Below_a_path_the_page_finds_its_events()
    {
        await using var fleet = await Fleet.StartAsync(options: null, "--metrics", "127.0.0.1:0");
        using var http = await Scrape.OfAsync(fleet.Dispatcher);
        await fleet.PutUriAsync("1/a", A);
        await using var proxy = new PrefixProxy(http.Address, "/sbc/p1");
        await using var browser = await Browser.StartAsync();
        foreach (var end in new[] { string.Empty, "/" })
        {
            var page = await browser.OpenAsync(new Uri(proxy.Address + end));
            await Expect(Row(page, "a")).ToContainTextAsync("CALLS", PatientText);
        }

        Assert.That(browser.Complaints, Is.Empty);
    }

    [Test]
    public async Task Everything_is_reached_by_keys_and_has_a_name()
    {
        await using var fleet = await Fleet.StartAsync(options: null, "--metrics", "127.0.0.1:0");
        using var http = await Scrape.OfAsync(fleet.Dispatcher);
        await fleet.PutUriAsync("1/a", A);
        await fleet.PutUriAsync("1/b", B);
        await using var browser = await Browser.StartAsync();
        var page = await browser.OpenAsync(http.Address);
        await Expect(page.Locator("#sets tbody tr")).ToHaveCountAsync(2, Patient);

        await page.Keyboard.PressAsync("Tab");
        Assert.That(await FocusAsync(page), Is.EqualTo("To the sets"), "who tabs can pass over the head");
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("71.2");
        await Expect(page.Locator("#sets tbody tr")).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator("#sets tbody tr")).ToHaveCountAsync(2);
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Space");
        await Expect(page.Locator("#sets tbody tr")).ToHaveCountAsync(0);
        await Expect(page.Locator("#sets")).ToContainTextAsync("None of 2 is like that.");
        await page.Keyboard.PressAsync("Space");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        Assert.That(await page.Locator("details.set").GetAttributeAsync("open"), Is.Null, "the set was closed");
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.GetByRole(AriaRole.Table, new() { Name = "Members of set 1" })).ToHaveCountAsync(1);
        await Expect(page.GetByRole(AriaRole.Columnheader, new() { Name = "Flags" })).ToHaveCountAsync(1);
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("live");
        await Expect(page.GetByRole(AriaRole.Searchbox, new() { Name = "Find" })).ToHaveCountAsync(1);
        await fleet.PutAsync("1/b", $"{{\"uri\":\"{B}\",\"state\":\"draining\"}}");
        await Expect(page.Locator("#said")).ToContainTextAsync("b: draining", PatientText);
        Assert.That(browser.Complaints, Is.Empty);
    }

    [Test]
    public async Task When_the_dispatcher_is_gone_the_page_says_at_once_that_it_is_not_live_and_goes_on_when_it_is_back()
    {
        var port = RealServers.FreePort();
        await using var fleet = await Fleet.StartAsync(options: null, "--metrics", $"127.0.0.1:{port}");
        using var http = await Scrape.OfAsync(fleet.Dispatcher);
        await fleet.PutUriAsync("1/a", A);
        await using var browser = await Browser.StartAsync();
        var page = await browser.OpenAsync(http.Address);
        await Expect(Row(page, "a")).ToContainTextAsync("CALLS", PatientText);

        await fleet.Dispatcher.StopAsync(Fleet.Deadline);
        await Expect(page.Locator("#live-text")).ToContainTextAsync("not live since", new() { Timeout = 3000 });
        await Expect(page.Locator("#banners")).ToContainTextAsync("NOT LIVE");
        fleet.StartDispatcher();
        await Expect(page.Locator("#live-text")).ToHaveTextAsync("live", new() { Timeout = 30_000 });
        await Expect(page.Locator("#banners p")).ToHaveCountAsync(0);
    }

    [TestCase(3)]
    [TestCase(300)]
    public async Task The_whole_cluster_is_shown_in_both_schemes_on_a_phone_too_and_soon(int members)
    {
        await using var fleet = await Fleet.StartAsync();
        for (var number = 1; number <= members; number++)
        {
            await fleet.PutUriAsync($"1/m{number:000}", $"sip:127.0.{80 + (number / 250)}.{(number % 250) + 1}:5060");
        }

        var page = fleet.Start(["page", "--etcd", fleet.Etcd.Endpoint, "--listen", "127.0.0.1:0"]);
        var line = await page.WaitForLineAsync("The page is at ", Fleet.Deadline);
        var address = new Uri(line.Split("The page is at ")[1].Split(' ')[0]);
        await fleet.ReportedAsync(members);
        await using var browser = await Browser.StartAsync();
        foreach (var (scheme, width) in new[] { (ColorScheme.Light, 1280), (ColorScheme.Dark, 1280), (ColorScheme.Light, 360), (ColorScheme.Dark, 360) })
        {
            var shown = await browser.OpenAsync(address, width, scheme);
            await Expect(shown.Locator("#sets tbody tr")).ToHaveCountAsync(members, Patient);
            await Expect(shown.Locator("#sets")).ToContainTextAsync($"{members} of {members} get calls", PatientText);
            Assert.That(await shown.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth"), Is.LessThanOrEqualTo(0), "it has to be scrolled to the side");
            var begun = await shown.EvaluateAsync<double>("(() => { const at = performance.now(); document.getElementById('filter-text').value = 'm00'; showSets(last); document.body.offsetHeight; return performance.now() - at; })()");
            Assert.That(begun, Is.LessThan(500), "milliseconds for a search");
            if (Pictures is { } folder)
            {
                await shown.EvaluateAsync("() => { document.getElementById('filter-text').value = ''; showSets(last); }");
                await shown.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"page-{members}-{scheme}-{width}.png"), FullPage = members < 10 });
            }

            await shown.CloseAsync();
        }

        Assert.That(browser.Complaints, Is.Empty);
    }

    [Test]
    public async Task Who_has_no_token_is_asked_for_it_and_it_stands_in_no_address()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("token"), "0123456789abcdef");
        File.SetUnixFileMode(folder.File("token"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using var fleet = await Fleet.StartAsync(options: null, "--metrics", "127.0.0.1:0", "--metrics-token-file", folder.File("token"));
        using var http = await Scrape.OfAsync(fleet.Dispatcher);
        await fleet.PutUriAsync("1/a", A);
        await using var browser = await Browser.StartAsync();
        var page = await browser.OpenAsync(http.Address);
        var asked = new List<string>();
        page.Request += (_, request) => asked.Add(request.Url);
        await page.GetByLabel("Token (--metrics-token-file)").FillAsync("wrong-wrong-wrong");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#token-why")).ToHaveTextAsync("That is not the token.", new() { Timeout = 20_000 });
        await page.GetByLabel("Token (--metrics-token-file)").FillAsync("0123456789abcdef");
        await page.Keyboard.PressAsync("Enter");
        await Expect(Row(page, "a")).ToContainTextAsync("CALLS", PatientText);
        Assert.That(asked, Has.All.EqualTo(http.Address + "events"));
    }

    private static ILocator Row(IPage page, string name) => page.Locator("#sets tbody tr").Filter(new LocatorFilterOptions { Has = page.Locator(".name", new PageLocatorOptions { HasTextRegex = new($"^{name}$") }) });

    private static Task<string> FocusAsync(IPage page) => page.EvaluateAsync<string>("document.activeElement.textContent");
}

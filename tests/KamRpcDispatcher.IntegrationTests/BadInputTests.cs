using KamRpcDispatcher.IntegrationTests.Fleets;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

[Parallelizable]
public class BadInputTests
{
    [Test]
    public async Task Bad_records_are_rejected_once_by_name_and_reason_and_everything_else_goes_on()
    {
        await using var fleet = await Fleet.StartAsync();
        var bad = new Dictionary<string, (string Value, string Reason)>
        {
            ["1/not-json"] = ("sip:10.0.0.1", "not JSON"),
            ["1/empty"] = (string.Empty, "not JSON"),
            ["1/no-uri"] = ("{}", "uri is missing"),
            ["1/bad-uri"] = ("""{"uri":"sip:10.0.0.256"}""", "neither an IPv4 address"),
            ["1/crlf"] = ("""{"uri":"sip:10.0.0.1\r\nX: y"}""", "a control character"),
            ["1/semicolon"] = ("""{"uri":"sip:10.0.0.1;lr"}""", "is not allowed"),
            ["1/attrs"] = ("""{"uri":"sip:10.0.0.1","attrs":{"a":"b\";c=\"d"}}""", "is not up to"),
            ["1/weight-0"] = ("""{"uri":"sip:10.0.0.1","weight":0}""", "the weight 0 is not from 1 to 100"),
            ["1/weight-101"] = ("""{"uri":"sip:10.0.0.1","weight":101}""", "the weight 101 is not from 1 to 100"),
            ["1/weight-text"] = ("""{"uri":"sip:10.0.0.1","weight":"much"}""", "is not a whole number"),
            ["1/large"] = ("{\"uri\":\"sip:10.0.0.1\",\"reason\":\"" + new string('x', 1024 * 1024) + "\"}", "bytes, more than"),
            ["x/set"] = ("""{"uri":"sip:10.0.0.1"}""", "the set 'x'"),
        };
        await fleet.PutUriAsync("1/kept", "sip:127.0.0.1:5001");
        await fleet.WaitForListAsync(static list => Fleet.IsEnabled(list, "sip:127.0.0.1:5001"));

        foreach (var (key, (value, _)) in bad)
        {
            await fleet.PutAsync(key, value);
        }

        await fleet.PutAsync("1/kept", "rubbish over a good record");
        await fleet.PutUriAsync("1/good", "sip:127.0.0.1:5002");
        await fleet.WaitForListAsync(static list => Fleet.IsEnabled(list, "sip:127.0.0.1:5002"));

        // Several looks at Kamailio later nothing has been said again.
        await fleet.DeleteAsync("1/good");
        await fleet.WaitForListAsync(static list => list.Count == 1);
        await fleet.PutUriAsync("1/good", "sip:127.0.0.1:5002");
        await fleet.WaitForListAsync(static list => list.Count == 2);

        Assert.That((await fleet.Kamailio.ListAsync()).Select(static entry => entry.Uri), Is.EquivalentTo(new[] { "sip:127.0.0.1:5001", "sip:127.0.0.1:5002" }));
        var lines = fleet.Dispatcher.Output.Split('\n');
        Assert.Multiple(() =>
        {
            foreach (var (key, (_, reason)) in bad)
            {
                var said = lines.Where(line => line.Contains($"Rejected {fleet.Keys.Members}{key}:", StringComparison.Ordinal)).ToList();
                Assert.That(said, Has.Count.EqualTo(1), key);
                Assert.That(said[0], Does.Contain(reason));
            }

            Assert.That(lines, Has.Some.Contains("members/1/kept: the value is not JSON").And.Some.Contains("its last usable value stays in force"));
        });
    }
}

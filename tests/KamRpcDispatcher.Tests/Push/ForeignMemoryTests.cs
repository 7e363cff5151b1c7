using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Push.Reading;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

public class ForeignMemoryTests
{
    private static readonly ListedDestination Carrier = new(2, "sip:gw.test:7001", ListedState.Inactive, true, 7, "duid=carrier;weight=3");
    private static readonly ListedDestination Address = new(2, "sip:10.0.0.2", ListedState.Active, false, 0, string.Empty);
    private static readonly ListedDestination Own = new(1, "sip:10.0.0.1", ListedState.Active, true, 0, "duid=a;kamrpc=c");
    private static readonly AddDestination Back = new(2, "sip:gw.test:7001", 9, 7, "duid=carrier;weight=3");

    private FakeTimeProvider _time = null!;
    private LogCapture<ForeignMemory> _log = null!;
    private ForeignMemory _memory = null!;
    private ReadBack _readBack = null!;
    private NameAnswer? _answer;

    [SetUp]
    public void SetUp()
    {
        _answer = NameAnswer.Good;
        _time = new FakeTimeProvider();
        _log = new LogCapture<ForeignMemory>();
        _memory = new ForeignMemory("c", _ => _answer, _time, _log);
        _readBack = new ReadBack();
        Read(Own, Carrier, Address);
    }

    [Test]
    public void What_a_rebuild_of_ours_dropped_is_an_error_and_put_back_as_it_was()
    {
        Rebuild();
        Read(Own, Address);

        Assert.That(_memory.Due(), Is.EqualTo(new[] { Back }));
        Assert.That(_memory.Losses.Single(), Does.Contain("sip:gw.test:7001").And.Contain("set 2"));
        Assert.That(_log.Of(2060).Single(), Does.Contain("sip:gw.test:7001 (duid=carrier;weight=3)"));

        Rebuild();
        Read(Own, Address, Carrier);
        Assert.That(_memory.Due(), Is.Empty);
        Assert.That(_memory.Losses, Is.Empty);
        Assert.That(_log.Of(2061), Has.Count.EqualTo(1));
    }

    [TestCase(ListedState.Active, false, 0)]
    [TestCase(ListedState.Active, true, 8)]
    [TestCase(ListedState.Trying, true, 10)]
    [TestCase(ListedState.Disabled, false, 4)]
    public void Its_flags_are_those_that_were_listed(ListedState state, bool isProbed, int flags)
    {
        var carrier = Carrier with { State = state, Probing = isProbed };
        Read(Own, carrier, Address);
        Lose();

        Assert.That(_memory.Due().Single().Flags, Is.EqualTo(flags));
    }

    [Test]
    public void What_goes_without_a_change_of_ours_was_removed_by_somebody()
    {
        Read(Own, Address);

        Assert.That(_memory.Due(), Is.Empty);
        Assert.That(_log.Of(2060), Is.Empty);
    }

    [Test]
    public void An_address_that_goes_was_removed_by_somebody_and_with_it_that_sets_losses_are_his()
    {
        Lose();
        Rebuild();
        Read(Own);

        Assert.That(_memory.Due(), Is.Empty);
        Assert.That(_memory.Losses, Is.Empty);
        Assert.That(_log.Of(2062), Has.Count.EqualTo(1));
    }

    [Test]
    public void Somebody_who_adds_to_the_set_has_seen_it()
    {
        Lose();
        Read(Own, Address, Carrier with { Uri = "sip:other.test" });

        Assert.That(_memory.Due(), Is.Empty);
    }

    [Test]
    public void Another_set_is_another_matter_and_ours_is_no_hand_of_others()
    {
        Lose();
        Read(Own, Own with { Set = 2, Uri = "sip:10.0.0.8" }, Address, Address with { Set = 3 });

        Assert.That(_memory.Due(), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_reload_takes_ours_too_and_is_an_operators_will()
    {
        Lose();
        Rebuild();
        Read(Address);
        Assert.That(_memory.Losses, Is.Empty);

        Read(Own, Address, Carrier);
        Rebuild();
        Read(Address);
        Assert.That(_memory.Losses, Is.Empty, "Not lost by us either.");
    }

    [Test]
    public void A_restart_has_read_the_list_file_and_nothing_is_remembered()
    {
        Lose();
        Read("another start", Address);

        Assert.That(_memory.Losses, Is.Empty);
        Assert.That(_log.Of(2062), Is.Empty);
    }

    [Test]
    public void Tries_become_rarer_and_the_second_does_without_a_look_up()
    {
        Lose();
        TimeSpan[] waits = [.. new[] { 1, 2, 4, 8, 16, 32, 60, 60 }.Select(static seconds => TimeSpan.FromSeconds(seconds))];
        for (var i = 0; i < waits.Length; i++)
        {
            var due = _memory.Due();
            Assert.That(due, Is.EqualTo(new[] { i == 0 ? Back : Back with { Flags = 9 + 16 } }));
            _memory.Sent(due);
            Rebuild();
            Read(Own, Address);
            _time.Advance(waits[i] - TimeSpan.FromMilliseconds(1));
            Assert.That(_memory.Due(), Is.Empty, $"after try {i + 1}");
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }
    }

    [Test]
    public void What_was_not_sent_is_due_at_once_when_its_name_resolves()
    {
        Lose();
        _memory.Due();
        _memory.Sent([]);

        Assert.That(_memory.Due(), Is.EqualTo(new[] { Back }));
    }

    [Test]
    public void A_name_without_an_address_is_put_back_without_a_look_up_at_once()
    {
        _answer = new NameAnswer(NameState.Missing, string.Empty);
        Lose();

        Assert.That(_memory.Due().Single().Flags, Is.EqualTo(9 + 16));
    }

    [Test]
    public void One_that_is_lost_again_is_put_back_again_and_one_that_is_taken_away_then_is_not()
    {
        Lose();
        _memory.Sent(_memory.Due());
        Rebuild();
        Read(Own, Address, Carrier);
        _time.Advance(TimeSpan.FromMinutes(5));
        Lose();
        Assert.That(_memory.Due().Single().Flags, Is.EqualTo(9 + 16));

        _memory.Sent(_memory.Due());
        Rebuild();
        Read(Own, Address, Carrier);
        Read(Own, Address);
        Assert.That(_memory.Due(), Is.Empty);
    }

    [Test]
    public void After_an_hour_it_is_given_up()
    {
        Lose();
        _time.Advance(TimeSpan.FromHours(1));
        Read(Own, Address);

        Assert.That(_memory.Due(), Is.Empty);
        Assert.That(_log.Of(2063), Has.Count.EqualTo(1));
    }

    [Test]
    public void Text_that_cannot_be_written_back_as_it_was_is_not_written_back()
    {
        Read(Own, Address, Carrier with { Attributes = @"duid=Z\xfcrich", IsExact = false });
        Lose();

        Assert.That(_memory.Due(), Is.Empty);
        Assert.That(_log.Of(2064), Has.Count.EqualTo(1));
    }

    [Test]
    public void After_a_kill_the_next_daemon_puts_back_what_the_last_change_cost_and_after_a_stop_only_what_was_known_to_be_lost()
    {
        using var folder = new TemporaryFolder();
        WithFile(folder);
        Read(Own, Carrier, Address);

        WithFile(folder);
        Read(Own, Address);
        Assert.That(_memory.Due(), Is.EqualTo(new[] { Back }), "killed in the moment of the change");
        Assert.That(_log.Of(2065).Single(), Does.Contain("sip:gw.test:7001 (duid=carrier;weight=3)"));
        Assert.That(_memory.Losses, Has.Length.EqualTo(1));

        WithFile(folder);
        Read(Own, Address);
        Assert.That(_memory.Due(), Is.EqualTo(new[] { Back }), "killed again before it was put back");
        Rebuild();
        Read(Own, Carrier, Address);
        _memory.Stop();

        WithFile(folder);
        Read(Own, Address);
        Assert.That(_memory.Due(), Is.Empty, "removed by somebody while none ran");

        Read(Own, Carrier, Address);
        Lose();
        _memory.Stop();
        WithFile(folder);
        Read(Own, Address);
        Assert.That(_memory.Due(), Is.EqualTo(new[] { Back }), "stopped before it was put back");
    }

    [Test]
    public void Another_life_of_Kamailio_a_reload_and_a_file_that_is_none_count_for_nothing()
    {
        using var folder = new TemporaryFolder();
        WithFile(folder);
        Read(Own, Carrier, Address);

        WithFile(folder);
        Read("another start", Own, Address);
        Assert.That(_memory.Due(), Is.Empty);
        Read("now", Own, Carrier, Address);

        WithFile(folder);
        Read(Address);
        Assert.That(_memory.Due(), Is.Empty, "a reload took ours too");

        File.WriteAllText(folder.File("foreign.json"), "{\"upSince\":\"now\",\"peer\":\"\",\"entries\":[{}]}");
        File.SetUnixFileMode(folder.File("foreign.json"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        WithFile(folder);
        Read(Own, Address);
        Assert.That(_memory.Due(), Is.Empty);
        Assert.That(_log.Of(2067).Single(), Does.Contain("state is missing"));
    }

    [Test]
    public void A_disk_that_takes_nothing_is_told_once()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("foreign.json.d"), string.Empty);
        _memory = new ForeignMemory("c", _ => _answer, _time, _log, new ForeignFile(folder.File("foreign.json.d/foreign.json"), _log));
        Read(Own, Carrier, Address);
        Read(Own, Carrier, Address);

        Assert.That(_log.Of(2066), Has.Count.EqualTo(1));
    }

    /// <summary>Another daemon, with the file of the one before it.</summary>
    private void WithFile(TemporaryFolder folder)
    {
        _readBack = new ReadBack();
        _memory = new ForeignMemory("c", _ => _answer, _time, _log, new ForeignFile(folder.File("foreign.json"), _log));
    }

    /// <summary>The carrier goes with a change of ours.</summary>
    private void Lose()
    {
        Rebuild();
        Read(Own, Address);
    }

    private void Rebuild() => _readBack.Sent(new RemoveDestination(1, "sip:10.0.0.7"));

    private void Read(params ListedDestination[] listed) => Read("now", listed);

    private void Read(string upSince, params ListedDestination[] listed)
    {
        var table = new DispatcherTable(new KamailioVersion(5, 6), new KamailioInstance(upSince, string.Empty), listed);
        _memory.Observe(table, _readBack.Compare(table));
    }
}

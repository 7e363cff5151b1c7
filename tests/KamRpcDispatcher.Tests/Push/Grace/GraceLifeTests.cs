using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Processes;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Grace;

/// <summary>Kamailio's processes end, and others come.</summary>
[Parallelizable]
public class GraceLifeTests
{
    private const string NotHere = "Kamailio's processes are not here";
    private static readonly KamailioProcess NextMain = new(11, "main process - attendant");
    private static readonly KamailioProcess NextWorker = new(12, "udp receiver child=0 sock=127.0.0.1:5060");

    [Test]
    public async Task A_worker_that_dies_in_the_middle_of_a_wait_while_its_list_is_as_before_means_a_gap_from_then_on()
    {
        var (rig, wait) = await WaitingAsync();
        rig.Clock.Advance(TimeSpan.FromSeconds(2));
        rig.Stranger = static () => NotHere;
        rig.Sees = static process => process == GraceRig.Worker ? ProcessActivity.Gone : ProcessActivity.AtRest;
        var begun = rig.Clock.GetUtcNow();

        Assert.That(await rig.PassAsync(wait, stepMilliseconds: 10));
        Assert.Multiple(() =>
        {
            Assert.That(rig.Clock.GetUtcNow() - begun, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(1)), "the time before that proves nothing");
            Assert.That(rig.Grace.Mode, Is.EqualTo("fixed gap of 1s"));
            Assert.That(rig.Log.Of(2101), Has.One.Contains(NotHere));
        });
    }

    [Test]
    public async Task Kamailio_that_does_not_answer_any_more_leaves_the_change_pending()
    {
        var (rig, wait) = await WaitingAsync();
        rig.Listed = static () => throw new KamailioGoneException("core.psx");
        rig.Sees = static _ => ProcessActivity.Gone;
        await Assert.ThatAsync(() => rig.PassAsync(wait), Throws.InstanceOf<KamailioRpcException>());
        await Assert.ThatAsync(() => rig.PassAsync(rig.Wait()), Throws.InstanceOf<KamailioRpcException>());

        // The next one is there.
        rig.Listed = static () => [NextMain, NextWorker];
        rig.Sees = static process => process.Pid > 10 ? ProcessActivity.AtRest : ProcessActivity.Gone;
        Assert.That(await rig.PassAsync(rig.Wait()));
        Assert.That(rig.Grace.Mode, Is.EqualTo("observed (rig)"));
    }

    [TestCase(0, TestName = "A list without any process is not one of processes at rest")]
    [TestCase(1, TestName = "A list that is not whole is one of a Kamailio that starts: all are seen when all are there")]
    public async Task A_list_that_is_not_whole(int length)
    {
        var (rig, wait) = await WaitingAsync();
        var seen = new HashSet<KamailioProcess>();
        rig.Listed = () => new[] { new KamailioProcess(11, "main") }.Take(length).ToList();
        rig.Sees = process => process.Pid < 10 ? ProcessActivity.Gone : seen.Add(process) ? ProcessActivity.Busy : ProcessActivity.AtRest;
        if (length == 0)
        {
            var questions = rig.Questions;
            await rig.PassAsync(() => rig.Questions > questions + 1, stepMilliseconds: 10);
            Assert.That(wait.IsCompleted, Is.False);
            rig.Listed = static () => [NextMain, NextWorker];
            Assert.That(await rig.PassAsync(wait, stepMilliseconds: 10));
            Assert.That(rig.Grace.Mode, Is.EqualTo("observed (rig)"));
        }
        else
        {
            Assert.That(await rig.PassAsync(wait));
        }

        rig.Listed = static () => [NextMain, NextWorker];
        rig.Grace.Begin();
        Assert.That(await rig.PassAsync(rig.Wait()));
        Assert.That(seen, Does.Contain(NextMain).And.Contain(NextWorker));
    }

    [Test]
    public async Task A_process_that_hides_all_of_a_sudden_is_not_at_rest_and_is_asked_for()
    {
        var (rig, wait) = await WaitingAsync();
        rig.Sees = static process => process == GraceRig.Worker ? ProcessActivity.Hidden : ProcessActivity.AtRest;
        var questions = rig.Questions;
        await rig.PassAsync(() => rig.Questions > questions + 2);
        Assert.That(wait.IsCompleted, Is.False);

        rig.Stranger = static () => "procfs hides Kamailio's processes (hidepid)";
        Assert.That(await rig.PassAsync(wait));
        Assert.That(rig.Grace.Mode, Is.EqualTo("fixed gap of 1s"));
    }

    [Test]
    public async Task A_gap_is_never_for_life()
    {
        var rig = new GraceRig(GraceRig.Main, GraceRig.Worker) { Stranger = static () => NotHere };
        for (var period = 0; period < 30; period++)
        {
            rig.Grace.Begin();
            Assert.That(await rig.PassAsync(rig.Wait()));
            Assert.That(rig.Grace.Mode, Is.EqualTo("fixed gap of 1s"));
        }

        Assert.That(rig.Log.Of(2101), Has.Count.EqualTo(1), "told once");
        Assert.That(rig.Questions, Is.LessThan(16), "and not asked all the time");

        rig.Stranger = static () => null;
        var begun = rig.Clock.GetUtcNow();
        while (rig.Grace.Mode != "observed (rig)" && rig.Clock.GetUtcNow() - begun < TimeSpan.FromSeconds(30))
        {
            rig.Grace.Begin();
            Assert.That(await rig.PassAsync(rig.Wait()));
        }

        Assert.That(rig.Grace.Mode, Is.EqualTo("observed (rig)"));
        Assert.That(rig.Clock.GetUtcNow() - begun, Is.LessThan(TimeSpan.FromSeconds(25)));
    }

    [Test]
    public async Task The_next_Kamailio_is_judged_anew_at_once()
    {
        var rig = new GraceRig(GraceRig.Main, GraceRig.Worker) { Stranger = static () => NotHere };
        for (var period = 0; period < 30; period++)
        {
            rig.Grace.Begin();
            await rig.PassAsync(rig.Wait());
        }

        rig.Stranger = static () => null;
        rig.Listed = static () => [NextMain, NextWorker];
        await rig.Grace.PrepareAsync(CancellationToken.None);
        rig.Grace.Begin();

        Assert.That(await rig.PassAsync(rig.Wait(), stepMilliseconds: 1));
        Assert.That(rig.Grace.Mode, Is.EqualTo("observed (rig)"));
    }

    [Test]
    public async Task Who_is_prepared_asks_nothing_at_the_first_change()
    {
        var rig = new GraceRig(GraceRig.Main, GraceRig.Worker);
        await rig.Grace.PrepareAsync(CancellationToken.None);
        Assert.That((rig.Questions, rig.Looks), Is.EqualTo((1, 2)));
        Assert.That(rig.Grace.Mode, Is.EqualTo("observed (rig)"));

        rig.Grace.Begin();
        Assert.That(await rig.PassAsync(rig.Wait()));
        Assert.That((rig.Questions, rig.Looks), Is.EqualTo((1, 4)));
    }

    [Test]
    public async Task What_fails_while_it_prepares_is_done_when_it_is_needed()
    {
        var rig = new GraceRig(GraceRig.Main) { Listed = static () => throw new KamailioGoneException("core.psx") };
        await rig.Grace.PrepareAsync(CancellationToken.None);

        rig.Listed = static () => [GraceRig.Main];
        rig.Grace.Begin();
        Assert.That(await rig.PassAsync(rig.Wait()));
    }

    [Test]
    public async Task Who_was_seen_in_another_life_under_the_same_ids_counts_nothing()
    {
        // As in a container, where ids begin at 1 at each start.
        var (rig, wait) = await WaitingAsync();
        var looked = new HashSet<KamailioProcess>();
        await ((Task)rig.PassAsync(wait)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await rig.Grace.PrepareAsync(CancellationToken.None);
        rig.Sees = process =>
        {
            looked.Add(process);
            return ProcessActivity.AtRest;
        };

        Assert.That(await rig.PassAsync(rig.Wait()));
        Assert.That(looked, Does.Contain(GraceRig.Main), "which was seen at rest before");
    }

    /// <summary>In the middle of a wait for the worker, everybody else having been seen.</summary>
    private static async Task<(GraceRig Rig, Task<bool> Wait)> WaitingAsync()
    {
        var rig = new GraceRig(GraceRig.Main, GraceRig.Worker) { Sees = static process => process == GraceRig.Worker ? ProcessActivity.Busy : ProcessActivity.AtRest };
        rig.Grace.Begin();
        var wait = rig.Wait();
        await rig.PassAsync(() => rig.Looks > 10, stepMilliseconds: 5);
        return (rig, wait);
    }
}

using KamRpcDispatcher.Claim;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Claim;

/// <summary>Daemons that begin at about the same time, with calls that take as long as chance will have it, and a Kamailio that is restarted in between.</summary>
public class ClaimTermTests
{
    private const int Rounds = 200;
    private const int Daemons = 3;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(1.2);

    [Test]
    public void Whatever_is_delayed_no_two_may_change_a_Kamailio_at_the_same_moment()
    {
        SynchronizationContext.SetSynchronizationContext(null);
        var (held, changed) = (0, 0);
        for (var seed = 0; seed < Rounds; seed++)
        {
            var round = new Round(seed);
            while (round.Now < Time)
            {
                round.Pass();
                var may = round.WhoMay();
                Assert.That(may, Has.Count.LessThan(2), $"seed {seed}, {round.Now.TotalMilliseconds} ms: {string.Join(" and ", may)}");
                held += may.Count;
            }

            changed += round.Holders;
        }

        Assert.That(held, Is.GreaterThan(Rounds * 50), "somebody may, for long enough to tell");
        Assert.That(changed, Is.GreaterThan(Rounds / 20), "in several rounds");
    }

    private sealed class Round
    {
        private readonly FakeTimeProvider _time = new();
        private readonly MarkedKamailio _kamailio = new();
        private readonly List<Daemon> _daemons = [];
        private readonly HashSet<string> _holders = [];
        private readonly TimeSpan _restart;
        private readonly bool _tells;
        private bool _isRestarted;

        public Round(int seed)
        {
            var random = new Random(seed);
            _tells = random.Next(3) > 0;
            _restart = random.Next(2) == 0 ? TimeSpan.MaxValue : TimeSpan.FromMilliseconds(random.Next(1000));
            if (!_tells)
            {
                _kamailio.InstanceToken = string.Empty;
            }

            for (var number = 0; number < Daemons; number++)
            {
                _daemons.Add(Daemon.New(_kamailio, _time, new Random(random.Next()), $"d{number}", TimeSpan.FromMilliseconds(number == 0 ? 0 : random.Next(random.Next(2) == 0 ? 120 : 900))));
            }
        }

        public TimeSpan Now { get; private set; }

        /// <summary>How many have had it.</summary>
        public int Holders => _holders.Count;

        public void Pass()
        {
            _time.Advance(Step);
            Now += Step;
            if (Now >= _restart && !_isRestarted)
            {
                _isRestarted = true;
                _kamailio.Restart();
                _kamailio.InstanceToken = _tells ? _kamailio.InstanceToken : string.Empty;
            }

            _daemons.ForEach(daemon => daemon.Go(Now));
        }

        public List<string> WhoMay()
        {
            List<string> may = [.. _daemons.Where(static daemon => daemon.MayNow()).Select(static daemon => daemon.Name)];
            _holders.UnionWith(may);
            return may;
        }
    }

    /// <summary>Takes the claim over and over, as a loop does.</summary>
    private sealed class Daemon(MarkedKamailio kamailio, KamailioClaim claim, string name, TimeSpan begin)
    {
        private Task _cycle = Task.CompletedTask;
        private Task _confirming = Task.CompletedTask;
        private Task? _running;

        public static Daemon New(MarkedKamailio kamailio, FakeTimeProvider time, Random random, string name, TimeSpan begin)
        {
            var client = kamailio.Connect();
            client.OnCall = client.OnAnswer = _ => random.Next(10) switch
            {
                < 6 => Task.CompletedTask,
                < 8 => Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 10)), time),
                8 => Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 60)), time),
                _ => Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 160)), time),
            };
            return new Daemon(kamailio, new KamailioClaim(client, null, name, time, NullLogger<KamailioClaim>.Instance), name, begin);
        }

        public string Name => name;

        public void Go(TimeSpan now)
        {
            if (now < begin || IsOut(_cycle))
            {
                return;
            }

            _running ??= claim.RunAsync(default);
            _cycle = _cycle.IsCompleted ? claim.EnsureAsync(default) : _cycle;
        }

        /// <summary>Whether it would change Kamailio now without another question.</summary>
        public bool MayNow()
        {
            if (_running is null || IsOut(_cycle) || IsOut(_running) || !_confirming.IsCompleted)
            {
                return false;
            }

            var calls = kamailio.Calls.Count;
            _confirming = claim.ConfirmAsync(default);
            return _confirming.IsCompletedSuccessfully && kamailio.Calls.Count == calls;
        }

        private static bool IsOut(Task task) => task.Exception?.InnerException is ProxyTakenException;
    }
}

using CsCheck;
using KamRpcDispatcher.Probe;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Probe;

public class ProbeHealthTests
{
    private static readonly Gen<ProbeVerdict[]> Looks = Gen.Enum<ProbeVerdict>().Where(static verdict => verdict != ProbeVerdict.Unknown).Array[1, 40];

    // A look each: its first letter. The state after each, in doubt where it is in lower case.
    [TestCase("A", "A")]
    [TestCase("D", "D")]
    [TestCase("L", "L")]
    [TestCase("ADDD", "AaaD", Description = "Dead after three in a row")]
    [TestCase("ADDADDD", "AaaAaaD", Description = "not in a row")]
    [TestCase("DAA", "DdA", Description = "Alive after two in a row")]
    [TestCase("DADAA", "DdDdA")]
    [TestCase("AL", "AL", Description = "Leaving at once")]
    [TestCase("DL", "DL")]
    [TestCase("LAA", "LlA")]
    [TestCase("LDDD", "LllD")]
    [TestCase("AUDUDUUDU", "AAaaaaaDD", Description = "what could not be looked at is no look")]
    [TestCase("LADDADAA", "LllllllA", Description = "neither of them in a row")]
    [TestCase("LADLDDAA", "LllLlllA", Description = "a look that confirms the state begins the count anew")]
    public void A_state_changes_after_so_many_looks_in_a_row(string looks, string states)
    {
        var health = new ProbeHealth(rise: 2, fall: 3);

        var seen = string.Concat(looks.Select(look =>
        {
            health.Observe(Look(look));
            var state = health.Current!.Verdict.ToString()[0];
            return health.IsInDoubt ? char.ToLowerInvariant(state) : state;
        }));

        Assert.That(seen, Is.EqualTo(states));
    }

    [Test]
    public void A_change_is_told_once_and_another_reason_is_none()
    {
        var health = new ProbeHealth(rise: 1, fall: 1);
        var refused = new ProbeOutcome(ProbeVerdict.Dead, "connection refused");

        Assert.That(health.Current, Is.Null);
        Assert.That(health.Observe(refused), Is.SameAs(refused));
        Assert.That(health.Observe(new ProbeOutcome(ProbeVerdict.Dead, "no answer")), Is.Null);
        Assert.That(health.Current, Is.SameAs(refused));
        Assert.That(health.Observe(Look('A')), Is.EqualTo(Look('A')));
    }

    [Test]
    public void The_state_is_always_what_the_last_looks_say() => Gen.Select(Looks, Gen.Int[1, 4], Gen.Int[1, 4]).Sample(static (looks, rise, fall) =>
    {
        var health = new ProbeHealth(rise, fall);
        for (var i = 0; i < looks.Length; i++)
        {
            var before = health.Current?.Verdict;
            var look = looks[i];
            var inARow = looks[..(i + 1)].Reverse().TakeWhile(other => other == look).Count();
            var needed = before is null || look is ProbeVerdict.Leaving ? 1 : look is ProbeVerdict.Alive ? rise : fall;
            var changes = look != before && inARow >= needed;
            if (health.Observe(new ProbeOutcome(look, "")) is not null != changes
                || health.Current?.Verdict != (changes ? look : before)
                || health.IsInDoubt != (look != health.Current?.Verdict))
            {
                return false;
            }
        }

        return true;
    }, iter: 20_000);

    [TestCase(0, 1)]
    [TestCase(1, 0)]
    public void Counts_begin_at_one(int rise, int fall) => Assert.Throws<ArgumentOutOfRangeException>(() => _ = new ProbeHealth(rise, fall));

    private static ProbeOutcome Look(char letter) => new(
        letter switch { 'A' => ProbeVerdict.Alive, 'L' => ProbeVerdict.Leaving, 'U' => ProbeVerdict.Unknown, _ => ProbeVerdict.Dead }, "");
}

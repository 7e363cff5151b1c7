using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whether this machine's clock agrees with others: leases and times in records are read on several machines.</summary>
internal static class ClockCheck
{
    private const string Fix = "timedatectl set-ntp true";
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    /// <summary>Time zones differ by multiples of it.</summary>
    private static readonly TimeSpan Quarter = TimeSpan.FromMinutes(15);

    /// <summary>Kamailio's clock, told in its own time zone: whole quarters of an hour are that zone's.</summary>
    public static Finding Of(KamailioObservation kamailio)
    {
        const string Name = "kamailio.clock";
        if (!kamailio.Clock.Try(out var clock, out var trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        var (least, most) = clock.Ahead;
        var zone = Quarter * Math.Round((least + most) / 2 / Quarter);
        return Of(Name, "Kamailio's clock", least - zone, most - zone, zone == TimeSpan.Zero ? string.Empty : $", apart from its time zone, which differs by {zone:hh\\:mm} hours");
    }

    public static Finding Of(EndpointObservation endpoint)
    {
        const string Name = "etcd.clock";
        if (!endpoint.Clock.Try(out var clock, out var trouble))
        {
            return Finding.Unknown(Name, endpoint.Status.Try(out _, out _) ? $"{endpoint.Endpoint}: {trouble}" : trouble with { Because = Causes.Etcd });
        }

        var (least, most) = clock.Ahead;
        return Of(Name, $"the clock of {endpoint.Endpoint}", least, most, string.Empty);
    }

    private static Finding Of(string name, string whose, TimeSpan least, TimeSpan most, string zone)
    {
        var skew = least > TimeSpan.Zero ? least : most < TimeSpan.Zero ? most : TimeSpan.Zero;
        return skew.Duration() > Tolerance
            ? Finding.Warning(name, FormattableString.Invariant($"{whose} is {Math.Abs(skew.TotalSeconds):0} s {(skew > TimeSpan.Zero ? "ahead" : "behind")}{zone}"), Fix)
            : Finding.Ok(name, $"{whose} agrees with this machine's, to a second or so{zone}");
    }
}

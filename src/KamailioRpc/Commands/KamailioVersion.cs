using System.Globalization;

namespace KamailioRpc.Commands;

/// <summary>A release of Kamailio, as far as its RPC differs between releases.</summary>
public readonly record struct KamailioVersion(int Major, int Minor)
{
    /// <summary>The newest release that this was tested with, and what an unreadable version is taken for.</summary>
    public static readonly KamailioVersion NewestKnown = new(6, 1);

    private static (int Major, int Minor)? FirstWithSoundTable => null;

    /// <summary>Whether it is told, and no newer than <see cref="NewestKnown"/>.</summary>
    public bool IsKnown => !IsAssumed && (Major, Minor).CompareTo((NewestKnown.Major, NewestKnown.Minor)) <= 0;

    /// <summary>Whether Kamailio's answer was not to be read, so that <see cref="NewestKnown"/> was taken for it.</summary>
    public bool IsAssumed { get; init; }

    /// <summary>Whether <c>dispatcher.add</c> takes attributes (5.4). Without them own entries cannot be told from an operator's.</summary>
    public bool HasAttributes => (Major, Minor).CompareTo((5, 4)) >= 0;

    /// <summary>Whether <c>dispatcher.add</c> takes a priority before the attributes (5.6).</summary>
    public bool HasPriorities => (Major, Minor).CompareTo((5, 6)) >= 0;

    /// <summary>Whether it tells modules' parameters (<c>modparam.getn</c>, 6.1). One that does not logs an error when it is asked.</summary>
    public bool TellsParameters => (Major, Minor).CompareTo((6, 1)) >= 0;

    /// <summary>
    /// Whether structural changes need a grace period. Every release does: a table with counted references exists in Kamailio's
    /// development branch only, and is to be proven before it is trusted.
    /// </summary>
    public bool NeedsGracePeriod => FirstWithSoundTable is not { } sound || (Major, Minor).CompareTo(sound) < 0;

    /// <summary>Reads what <c>core.version</c> answers, such as <c>kamailio 5.6.3 (x86_64/linux)</c>. Without a version in it the newest known is assumed.</summary>
    public static KamailioVersion Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var numbers = words.Length > 1 ? words[1].Split('.') : [];
        return numbers.Length > 1
            && int.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            && int.TryParse(numbers[1].Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
                ? new KamailioVersion(major, minor)
                : NewestKnown with { IsAssumed = true };
    }

    /// <summary><c>5.6</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");
}

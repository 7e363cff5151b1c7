using System.Collections.Immutable;
using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Announce;

/// <summary>The options of <c>kamrpc announce</c> that describe the members.</summary>
internal static class MemberOptions
{
    private static readonly Option<string[]> Set = CommonOptions.Texts("--set", "A dispatcher set that it belongs to (repeatable). [default: 1]", OptionGroup.Subject);
    private static readonly Option<string?> Weight = CommonOptions.Text("--weight", "Share of the calls, 1 to 100, relative to the others'; without one as with 100.", OptionGroup.Subject);
    private static readonly Option<string?> SlowStart = CommonOptions.Text("--slow-start", "Grows from a tenth of its share to the whole in this time when it joins others or returns, such as 30s.", OptionGroup.Subject);
    private static readonly ValueOption<int> Priority = new("--priority", $"Higher comes first, 0 to {MemberValidation.MaxPriority}.", "0", ParsePriority, OptionGroup.Subject);
    private static readonly Option<string?> MaxLoad = CommonOptions.Text("--maxload", "The most calls at a time, for algorithm 10.", OptionGroup.Subject);
    private static readonly Option<string[]> Attr = CommonOptions.Texts("--attr", "For Kamailio's attrs: name=value (repeatable).", OptionGroup.Subject);
    private static readonly Option<string[]> Label = CommonOptions.Texts("--label", "For operators, in status: name=value (repeatable).", OptionGroup.Subject);

    public static void AddTo(Command command) => CommonOptions.Add(command, Set, Weight, SlowStart, Priority, MaxLoad, Attr, Label);

    /// <summary>Makes the members of a server, one in each set.</summary>
    public static Func<AnnouncedServer, ImmutableArray<Member>> Read(OptionReader options)
    {
        var sets = CommonOptions.Sets(options, Set, areForMembers: true) ?? [1];
        var weight = options.Value<int?>(Weight, null, ParseWeight);
        var slowStart = options.Value<TimeSpan?>(SlowStart, null, ParseSlowStart);
        var priority = options.Value(Priority);
        var attributes = ReadPairs(options, Attr, "attributes", MemberValidation.CheckAttribute);
        if (options.Value<int?>(MaxLoad, null, ParseMaxLoad) is { } maxLoad)
        {
            if (attributes.ContainsKey("maxload"))
            {
                options.Add(MaxLoad, "is given as --attr maxload too");
            }

            attributes = attributes.SetItem("maxload", maxLoad.ToString(CultureInfo.InvariantCulture));
        }

        var labels = ReadPairs(options, Label, "labels", MemberValidation.CheckLabel);
        return server =>
        [
            .. sets.Order().Select(set => new Member(new MemberKey(set, server.Name), server.Announced)
            {
                Weight = weight, SlowStart = slowStart, Priority = priority, Attributes = attributes, Labels = labels,
            }),
        ];
    }

    private static ImmutableSortedDictionary<string, string> ReadPairs(OptionReader options, Option<string[]> option, string what, Func<string, string, string?> check)
    {
        var pairs = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var text in options.Texts(option))
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                options.Add(option, $"'{text}' is not name=value");
            }
            else if (check(text[..equals], Unquoted(text[(equals + 1)..])) is { } error)
            {
                options.Add(option, error);
            }
            else if (!pairs.TryAdd(text[..equals], Unquoted(text[(equals + 1)..])))
            {
                options.Add(option, $"'{text[..equals]}' is given twice");
            }
        }

        if (MemberValidation.CheckCount(what, pairs.Count) is { } tooMany)
        {
            options.Add(option, tooMany);
        }

        return pairs.ToImmutable();
    }

    /// <summary>As it stands in Kamailio's list file; the quotes are not part of the value.</summary>
    private static string Unquoted(string value) => value.Length > 1 && value[0] == '"' && value[^1] == '"' ? value[1..^1] : value;

    private static bool ParseWeight(string text, [NotNullWhen(true)] out int? value, [NotNullWhen(false)] out string? error) =>
        Optional(text, MemberValidation.MinWeight, MemberValidation.MaxWeight, out value, out error);

    private static bool ParseSlowStart(string text, [NotNullWhen(true)] out TimeSpan? value, [NotNullWhen(false)] out string? error)
    {
        value = CommonOptions.Duration(text, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(MemberValidation.MaxSlowStart), out var duration, out error) ? duration : null;
        error ??= duration.Ticks % TimeSpan.TicksPerSecond == 0 ? null : $"'{text}' is not a whole number of seconds";
        return error is null;
    }

    private static bool ParseMaxLoad(string text, [NotNullWhen(true)] out int? value, [NotNullWhen(false)] out string? error) =>
        Optional(text, 1, MemberValidation.MaxMaxLoad, out value, out error);

    private static bool ParsePriority(string text, out int value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Integer(text, 0, MemberValidation.MaxPriority, out value, out error);

    private static bool Optional(string text, int least, int most, [NotNullWhen(true)] out int? value, [NotNullWhen(false)] out string? error)
    {
        var valid = CommonOptions.Integer(text, least, most, out var number, out error);
        value = valid ? number : null;
        return valid;
    }
}

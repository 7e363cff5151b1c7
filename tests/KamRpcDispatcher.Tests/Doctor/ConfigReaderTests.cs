using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>Kamailio configurations, and the one parameter that counts in them.</summary>
internal sealed class ConfigReaderTests
{
    private const string Main = "/etc/kamailio/kamailio.cfg";
    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _final = new(StringComparer.Ordinal);

    [SetUp]
    public void Forget()
    {
        _files.Clear();
        _final.Clear();
    }

    [TestCase("""modparam("dispatcher", "reload_delta", 3)""", 3)]
    [TestCase("""modparam ( "dispatcher" , "reload_delta" , -1 )""", -1)]
    [TestCase("modparam(\"dispatcher\",\n  \"reload_delta\", # seconds\n  3)", 3)]
    [TestCase("""modparam("dispatcher", "reload_delta", 3) modparam("dispatcher", "reload_delta", 4)""", 4)]
    [TestCase("""modparam("dispatcher", "reload_delta", 0x10)""", 16)]
    [TestCase("""modparam("dispatcher", "reload_delta", 010)""", 8)]
    [TestCase("""modparam("tm|dispatcher", "reload_delta", 3)""", 3)]
    [TestCase("""modparam("Disp.*", "reload_delta", 3)""", 3)]
    [TestCase("""modparam("dispatch", "reload_delta", 3)""", null)]
    [TestCase("""modparam("dispatcher2", "reload_delta", 3)""", null)]
    [TestCase("""modparam("dispatcher", "reload_deltas", 3)""", null)]
    [TestCase("""# modparam("dispatcher", "reload_delta", 3)""", null)]
    [TestCase("""// modparam("dispatcher", "reload_delta", 3)""", null)]
    [TestCase("/* \"\n modparam(\"dispatcher\", \"reload_delta\", 3)\n*/", null)]
    [TestCase("/* x */ modparam(\"dispatcher\", \"reload_delta\", 3) /* y", 3)]
    [TestCase("""log_name="a#b//c/*d" modparam("dispatcher", "reload_delta", 3)""", 3)]
    [TestCase("""xlog("modparam(\"dispatcher\", \"reload_delta\", 3)");""", null)]
    public void Comments_quotes_patterns_and_numbers_are_read_as_Kamailio_reads_them(string text, int? expected) => Assert.That(Number(text), Is.EqualTo(expected));

    [TestCase("#!define D 3\nmodparam(\"dispatcher\", \"reload_delta\", D)", 3)]
    [TestCase("!!define D 3\nmodparam(\"dispatcher\", \"reload_delta\", D)", 3)]
    [TestCase("#!define D \\\n 3\nmodparam(\"dispatcher\", \"reload_delta\", D)", 3)]
    [TestCase("#!define D E\n#!define E 3\nmodparam(\"dispatcher\", \"reload_delta\", D)", 3)]
    [TestCase("#!define D 3\n#!trydef D 4\nmodparam(\"dispatcher\", \"reload_delta\", D)", 3)]
    [TestCase("#!define D 3\n#!redefine D 4\nmodparam(\"dispatcher\", \"reload_delta\", D)", 4)]
    [TestCase("#!substdef \"!D!3!g\"\nmodparam(\"dispatcher\", \"reload_delta\", D)", 3)]
    [TestCase("#!defenv D\nmodparam(\"dispatcher\", \"reload_delta\", D)", 7)]
    [TestCase("#!defexp D 3+4\nmodparam(\"dispatcher\", \"reload_delta\", D)", 7)]
    public void Defines_are_replaced(string text, int expected)
    {
        _final["D"] = "7";
        Assert.That(Number(text), Is.EqualTo(expected));
    }

    [TestCase("#!define A\n#!ifdef A\nP3\n#!else\nP4\n#!endif", 3)]
    [TestCase("#!ifdef A\nP3\n#!else\nP4\n#!endif", 4)]
    [TestCase("#!ifndef A\nP3\n#!endif\nP4", 4)]
    [TestCase("P4\n#!ifdef A\nP3\n#!ifndef B\nP5\n#!endif\n#!endif", 4)]
    [TestCase("#!define A\n#!undef A\n#!ifdef A\nP3\n#!endif", null)]
    [TestCase("#!ifdef A\n#!define B\n#!endif\n#!ifdef B\nP3\n#!endif", null)]
    [TestCase("#!ifdef CMD\nP3\n#!endif", 3)]
    [TestCase("loadmodule \"/usr/lib/dispatcher.so\"\n#!ifdef MOD_dispatcher\nP3\n#!endif", 3)]
    [TestCase("#!ifndef MOD_dispatcher\nloadmodule \"dispatcher\"\nP3\n#!endif", 3)]
    public void Conditions_are_honoured(string text, int? expected) => Assert.That(Number(text), Is.EqualTo(expected));

    [Test]
    public void What_only_Kamailio_can_decide_is_not_certain()
    {
        Assert.That(Read("P3\n#!ifexp A == 1\nP4\n#!else\nP5\n#!endif").Select(static line => (line.Number, line.IsCertain)), Is.EqualTo(new[] { (3, true), (4, false), ((int?)5, false) }));
    }

    [Test]
    public void Included_files_are_looked_for_beside_the_including_one_and_count_where_they_are_included()
    {
        _files["/etc/kamailio/sub/one.cfg"] = "#!define D 4\ninclude_file \"two.cfg\"\n";
        _files["/etc/kamailio/sub/two.cfg"] = "\nP3\n";
        _files["/srv/three.cfg"] = "modparam(\"dispatcher\", \"reload_delta\", D)";

        var lines = Read("P2\ninclude_file \"sub/one.cfg\"\n#!import_file \"/srv/three.cfg\"\nimport_file \"none.cfg\"");

        Assert.That(lines.Select(static line => (line.Number, line.Place)), Is.EqualTo(new[] { ((int?)2, Main + ":1"), (3, "/etc/kamailio/sub/two.cfg:2"), (4, "/srv/three.cfg:1") }));
    }

    [Test]
    public void The_line_of_a_parameter_is_told() => Assert.That(Read("#!KAMAILIO\n\n#!define X 1\n/* two\nlines */\n\nP3").Single().Place, Is.EqualTo(Main + ":7"));

    [Test]
    public void Files_that_are_missing_and_files_that_include_themselves_are_told()
    {
        _files["/etc/kamailio/loop.cfg"] = "include_file \"loop.cfg\"";
        _files[Main] = "include_file \"none.cfg\"\ninclude_file \"loop.cfg\"";

        Assert.That(Config().Unread, Is.EqualTo(new[] { "/etc/kamailio/none.cfg: there is no such file", "/etc/kamailio/loop.cfg: includes itself (/etc/kamailio/loop.cfg -> /etc/kamailio/loop.cfg)" }));
    }

    [Test]
    public void A_file_that_may_not_be_read_is_told()
    {
        var config = new ConfigReader(static path => throw new UnauthorizedAccessException($"Access to the path '{path}' is denied."), new Defines(_final)).Read(Main);
        Assert.That(config.Unread.Single(), Is.EqualTo($"Access to the path '{Main}' is denied."));
    }

    private int? Number(string text) => Read(text).LastOrDefault()?.Number;

    /// <summary>Reads a text, in which <c>P3</c> stands for the parameter with the value 3.</summary>
    private List<ModuleParameter> Read(string text)
    {
        _files[Main] = text;
        return [.. Config().Of("dispatcher", "reload_delta")];
    }

    private KamailioConfig Config()
    {
        var defines = new Defines(_final);
        defines.Set("CMD", string.Empty);
        return new ConfigReader(Text, defines).Read(Main);
    }

    private string? Text(string path) =>
        _files.TryGetValue(path, out var text)
            ? string.Join('\n', text.Split('\n').Select(static line => line is ['P', >= '0' and <= '9'] ? $"modparam(\"dispatcher\", \"reload_delta\", {line[1]})" : line))
            : null;
}

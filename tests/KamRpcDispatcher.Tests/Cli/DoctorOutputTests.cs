using System.Text.Json;
using KamailioRpc;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Doctor;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>The findings of <c>kamrpc doctor</c>, for people and for programs.</summary>
public class DoctorOutputTests
{
    private static readonly Finding Fine = new("kamailio.version", Severity.Ok, "kamailio 5.6.3", null);
    private static readonly Finding Delta = new("kamailio.reload-delta", Severity.Error, "reload_delta is 5", "modparam(\"dispatcher\", \"reload_delta\", 0)");
    private static readonly Finding Hidden = new("etcd.clock", Severity.Unknown, "no date\nat \u001b[2J all", null);

    [Test]
    public void Problems_come_first_each_with_the_line_to_change()
    {
        Assert.That(DoctorTable.Write(Result(Fine, Hidden, Delta)), Is.EqualTo("""
            ERROR    kamailio.reload-delta  reload_delta is 5
                                            fix: modparam("dispatcher", "reload_delta", 0)
            UNKNOWN  etcd.clock             no date\u000aat \u001b[2J all
            OK       kamailio.version       kamailio 5.6.3
            NOT WELL: 1 error, 1 unknown

            """));
    }

    [Test]
    public void All_well_is_said_last() => Assert.That(DoctorTable.Write(Result(Fine)), Does.EndWith("\nAll is well.\n"));

    [Test]
    public void A_note_is_no_fault()
    {
        var note = new Finding("kamailio.writers", Severity.Note, "ctl is another way in", "# loadmodule \"ctl.so\"");

        Assert.That(Result(Fine, note).IsHealthy);
        Assert.That(DoctorTable.Write(Result(Fine, note)), Is.EqualTo("""
            NOTE     kamailio.writers  ctl is another way in
                                       to change it: # loadmodule "ctl.so"
            OK       kamailio.version  kamailio 5.6.3
            All is well.

            """));
        Assert.That(DoctorJson.Write(Result(note)), Does.Contain("\"severity\": \"note\"").And.Contain("\"healthy\": true"));
    }

    [Test]
    public void What_follows_from_a_cause_is_one_line_below_it_and_no_problem_of_its_own()
    {
        var cause = new Finding("kamailio.reachable", Severity.Error, "permission denied", "be kamailio");
        Finding[] folded = [.. new[] { "a", "b", "c", "d" }.Select(static name => new Finding(name, Severity.Unknown, "Kamailio does not answer", null) { Because = "kamailio.reachable" })];

        Assert.That(DoctorTable.Write(Result([cause, .. folded, Fine])), Is.EqualTo("""
            ERROR    kamailio.reachable  permission denied
                                         fix: be kamailio
                                         not known for that reason: a, b and 2 more
            OK       kamailio.version    kamailio 5.6.3
            NOT WELL: 1 error

            """));
        Assert.That(
            JsonElement.Parse(DoctorJson.Write(Result([cause, .. folded]))).GetProperty("findings").EnumerateArray().Select(static finding => finding.GetProperty("because").GetString()),
            Is.EqualTo(new[] { null, "kamailio.reachable", "kamailio.reachable", "kamailio.reachable", "kamailio.reachable" }));
    }

    [Test]
    public void What_is_ignored_is_shown_as_such_and_no_problem()
    {
        var ignored = Delta with { IsIgnored = true };

        Assert.That(DoctorTable.Write(Result(ignored, Fine)), Is.EqualTo("""
            IGNORED  kamailio.reload-delta  (error) reload_delta is 5
            OK       kamailio.version       kamailio 5.6.3
            All is well, apart from what is ignored: kamailio.reload-delta

            """));
        Assert.That(DoctorTable.Write(Result(ignored, Hidden)), Does.EndWith("\nNOT WELL: 1 unknown, apart from what is ignored: kamailio.reload-delta\n"));
        var json = JsonElement.Parse(DoctorJson.Write(Result(ignored, Fine)));
        Assert.That(json.GetProperty("healthy").GetBoolean());
        Assert.That(json.GetProperty("findings").EnumerateArray().Select(static finding => finding.GetProperty("ignored").GetBoolean()), Is.EqualTo(new[] { true, false }));
    }

    [Test]
    public void Long_texts_are_broken_at_120_columns_and_nothing_is_lost()
    {
        var words = string.Join(' ', Enumerable.Range(1000, 100));
        var lines = DoctorTable.Write(Result(new Finding("x", Severity.Warning, words, words))).Split('\n');

        Assert.That(lines.Max(static line => line.Length), Is.InRange(110, 120));
        Assert.That(string.Join(' ', lines).Split(' ', StringSplitOptions.RemoveEmptyEntries).Count(static word => word is ['1', _, _, _]), Is.EqualTo(200));
    }

    [Test]
    public void Programs_get_every_field()
    {
        var json = JsonElement.Parse(DoctorJson.Write(Result(Fine, Hidden, Delta)));

        Assert.That(json.GetProperty("kamailio").GetString(), Is.EqualTo(KamailioAddress.Default));
        Assert.That(json.GetProperty("healthy").GetBoolean(), Is.False);
        Assert.That(
            json.GetProperty("findings").EnumerateArray().Select(static finding => $"{finding.GetProperty("check")} {finding.GetProperty("severity")} {finding.GetProperty("text")} {finding.GetProperty("fix").ValueKind}"),
            Is.EqualTo(new[] { "kamailio.version ok kamailio 5.6.3 Null", "etcd.clock unknown no date\nat \u001b[2J all Null", "kamailio.reload-delta error reload_delta is 5 String" }));
        Assert.That(JsonElement.Parse(DoctorJson.Write(new CheckupResult(null, false, [Fine]))).GetProperty("kamailio").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    private static CheckupResult Result(params Finding[] findings) => new(KamailioAddress.Parse(KamailioAddress.Default), true, findings);
}

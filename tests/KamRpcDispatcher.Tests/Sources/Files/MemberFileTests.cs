using System.Text;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Files;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Files;

public class MemberFileTests
{
    [Test]
    public void Members_have_the_fields_that_they_have_in_etcd()
    {
        var member = Read("""
            {"members":[
              {"set":1,"name":"a","uri":"sip:10.0.0.1:5060","weight":40,"priority":3,"attrs":{"maxload":"20"},"labels":{"zone":"x"},"state":"draining","reason":"work"},
              {"name":"a","set":2,"uri":"sip:10.0.0.2:5060;transport=tcp"}
            ]}
            """).Members[0];

        Assert.That(member.Key, Is.EqualTo(new MemberKey(1, "a")));
        Assert.That((member.Weight, member.Priority, member.State, member.Reason), Is.EqualTo(((int?)40, 3, MemberState.Draining, "work")));
        Assert.That((member.Attributes["maxload"], member.Labels["zone"]), Is.EqualTo(("20", "x")));
    }

    [Test]
    public void Nobody_is_a_statement_too() => Assert.That(Read("""{"members":[]}""").Members, Is.Empty);

    [Test]
    public void A_byte_order_mark_is_no_part_of_it() => Assert.That(Read("\uFEFF{\"members\":[]}").Members, Is.Empty);

    [Test]
    public void What_a_newer_version_may_understand_is_left_out_and_told_with_its_place()
    {
        var content = Read("{\"$schema\":\"x\",\n \"members\":[\n  {\"set\":1,\"name\":\"a\",\"uri\":\"sip:10.0.0.1\",\"colour\":\"red\"}]}");

        Assert.That(content.Members, Has.Count.EqualTo(1));
        Assert.That(content.Ignored, Is.EqualTo(new[] { "1:2: the field '$schema' is not known: left out", "3:3: member 1/a: the field 'colour' is not known: left out" }));
    }

    [TestCase("", "1:1: it is empty")]
    [TestCase("{\"members\":[", "it ends too early")]
    [TestCase("{\"members\":[\n  {\"set\":1,\n   \"name\":\"a\" \"uri\":\"sip:10.0.0.1\"}]}", "3:15: '\"' in line 3, at byte 15, is not expected there")]
    [TestCase("{\"members\":[]}x", "1:15: 'x' in line 1, at byte 15, is not expected there")]
    [TestCase("[]", "1:1: it is JSON, but not an object; write {\"members\": [...]}")]
    [TestCase("null", "1:1: it is JSON, but not an object")]
    [TestCase("{}", "1:1: members is missing")]
    [TestCase("{\"members\":{}}", "1:2: members is not an array")]
    [TestCase("{\"members\":[],\n\"members\":[]}", "2:1: members is there twice")]
    [TestCase("{\"members\":[\n1]}", "2:1: a member is not an object")]
    [TestCase("{\"members\":[\n{\"name\":\"a\"}]}", "2:1: set is missing")]
    [TestCase("{\"members\":[\n{\"set\":1}]}", "2:1: name is missing")]
    [TestCase("{\"members\":[\n{\"set\":1,\n\"name\":\"a b\",\"uri\":\"sip:10.0.0.1\"}]}", "3:1: the name 'a b' is not")]
    [TestCase("{\"members\":[\n{\"set\":1,\"name\":\"a\"}]}", "2:1: member 1/a: uri is missing")]
    [TestCase("{\"members\":[\n{\"name\":\"a\",\n\"set\":\"1\",\"uri\":\"sip:10.0.0.1\"}]}", "3:1: set: '\"1\"' is not a number from 0 to")]
    [TestCase("{\"members\":[\n{\"set\":2000000000,\"name\":\"a\",\"uri\":\"sip:10.0.0.1\"}]}", "kamrpc's own")]
    [TestCase("{\"members\":[\n{\"set\":1,\"name\":\"a\",\n \"uri\":\"http://x\"}]}", "3:2: member 1/a: uri: ")]
    [TestCase("{\"members\":[\n{\"set\":1,\"name\":\"a\",\"uri\":\"sip:10.0.0.1\",\n\"weight\":101}]}", "3:1: member 1/a: the weight 101 is not from 1 to 100")]
    [TestCase("{\"members\":[\n{\"set\":1,\"name\":\"a\",\"uri\":\"sip:10.0.0.1\",\"uri\":\"sip:10.0.0.2\"}]}", "2:1: ")]
    [TestCase("{\"members\":[\n{\"set\":1,\"name\":\"a\",\"uri\":\"sip:10.0.0.1\"},\n{\"set\":1,\"name\":\"a\",\"uri\":\"sip:10.0.0.2\"}]}", "3:1: member 1/a is there twice, first in line 2")]
    [TestCase("{\"members\":[\n{\"set\":1,\"name\":\"a\",\"uri\":\"sip:10.0.0.1\",\n \"state\":\"up\"}]}", "3:2: member 1/a: state: 'up' is not a state; write ready, draining or down")]
    [TestCase("{\"members\":[\n{\"set\":1,\"name\":\"a\",\"state\":\"Ready\",\"uri\":\"sip:10.0.0.1\"}]}", "2:21: member 1/a: state: 'Ready' is not a state; write ready, draining or down")]
    [TestCase("{\"members\":[\n{\"set\":1,\"name\":\"a\",\"state\":\"\",\"uri\":\"sip:10.0.0.1\"}]}", "2:21: member 1/a: state: '' is not a state; write ready, draining or down")]
    public void What_is_wrong_is_told_with_line_and_column(string text, string said)
    {
        var wrong = Assert.Throws<MemberFileException>(() => Read(text))!;

        Assert.That(wrong.Message, said[0] is >= '0' and <= '9' ? Does.StartWith(said) : Does.Contain(said));
    }

    [Test]
    public void Bytes_that_are_no_text_are_told() =>
        Assert.Throws<MemberFileException>(() => MemberFile.Read((byte[])[.. "{\"members\":[{\"set\":1,\"name\":\""u8, 0xff, .. "\",\"uri\":\"sip:10.0.0.1\"}]}"u8]));

    [Test]
    public void No_piece_of_a_file_is_taken_for_the_whole()
    {
        var whole = Encoding.UTF8.GetBytes("""{"members":[{"set":1,"name":"a","uri":"sip:10.0.0.1"},{"set":1,"name":"b","uri":"sip:10.0.0.2"}]}""");
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Throws<MemberFileException>(() => MemberFile.Read(whole.AsMemory(0, length)), $"the first {length} bytes");
        }
    }

    [Test]
    public void No_change_of_a_byte_is_anything_else_than_another_file_or_a_fault_with_its_place()
    {
        var whole = Encoding.UTF8.GetBytes("""{"members":[{"set":1,"name":"a","uri":"sip:10.0.0.1","attrs":{"x":"y"}}]}""");
        for (var at = 0; at < whole.Length; at++)
        {
            foreach (var value in (byte[])[0, (byte)'"', (byte)'{', (byte)'9', 0x80, 0xff])
            {
                var other = whole.ToArray();
                other[at] = value;
                try
                {
                    MemberFile.Read(other);
                }
                catch (MemberFileException fault)
                {
                    Assert.That(fault.Line, Is.EqualTo(1));
                }
            }
        }
    }

    private static MemberFileContent Read(string text) => MemberFile.Read(Encoding.UTF8.GetBytes(text));
}
